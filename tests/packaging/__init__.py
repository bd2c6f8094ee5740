"""The wheel and the sdist: built, installed in empty environments, and tried there."""
