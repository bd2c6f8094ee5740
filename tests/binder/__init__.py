"""The environment that Binder builds: built here from the same files, and tried."""
