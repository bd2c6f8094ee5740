"""Every kind of plot in matplotlib's and seaborn's public documentation, each as a cell."""

from __future__ import annotations

SETUP = """
import numpy as np, pandas as pd, seaborn as sns, matplotlib.pyplot as plt
import warnings; warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
x = np.linspace(0, 6, 30); y = np.sin(x); z = rng.random((8, 8)); xy = rng.random((2, 40))
u, v = np.meshgrid(np.linspace(-2, 2, 8), np.linspace(-2, 2, 8)); tips = pd.DataFrame({
    "bill": rng.random(60) * 40, "tip": rng.random(60) * 6, "size": rng.integers(1, 5, 60),
    "day": ["Thu", "Fri", "Sat"] * 20, "sex": ["f", "m"] * 30})
three = dict(subplot_kw={"projection": "3d"})
"""

MATPLOTLIB = {
    "plot": "plt.plot(x, y)",
    "scatter": "plt.scatter(*xy)",
    "bar": "plt.bar(range(5), range(5))",
    "barh": "plt.barh(range(5), range(5))",
    "stacked bar": "plt.bar(range(3), [1, 2, 3]); plt.bar(range(3), [3, 2, 1], bottom=[1, 2, 3])",
    "broken_barh": "plt.broken_barh([(1, 3), (6, 2)], (0, 1))",
    "stem": "plt.stem(x, y)",
    "step": "plt.step(x, y)",
    "fill": "plt.fill([0, 1, 1], [0, 0, 1])",
    "fill_between": "plt.fill_between(x, y)",
    "fill_betweenx": "plt.fill_betweenx(y, x)",
    "stackplot": "plt.stackplot(x, [y + 1, y + 2])",
    "stairs": "plt.stairs([1, 2, 3])",
    "loglog": "plt.loglog([1, 10, 100], [1, 100, 10000])",
    "semilogx": "plt.semilogx([1, 10, 100], [1, 2, 3])",
    "semilogy": "plt.semilogy([1, 2, 3], [1, 10, 100])",
    "symlog": "plt.plot(x - 3, y); plt.xscale('symlog')",
    "hist": "plt.hist(xy[0])",
    "ecdf": "plt.ecdf(xy[0])",
    "hist2d": "plt.hist2d(*xy)",
    "hexbin": "plt.hexbin(*xy, gridsize=8)",
    "boxplot": "plt.boxplot(z)",
    "violinplot": "plt.violinplot(z)",
    "errorbar": "plt.errorbar(x, y, yerr=0.2)",
    "eventplot": "plt.eventplot(xy)",
    "pie": "plt.pie([1, 2, 3], labels=list('abc'))",
    "donut": "plt.pie([1, 2, 3], wedgeprops={'width': 0.4})",
    "imshow": "plt.imshow(z); plt.colorbar()",
    "matshow": "plt.matshow(z)",
    "spy": "plt.spy(z > 0.5)",
    "pcolor": "plt.pcolor(z)",
    "pcolormesh": "plt.pcolormesh(z)",
    "contour": "plt.clabel(plt.contour(z))",
    "contourf": "plt.contourf(z)",
    "barbs": "plt.barbs(u, v, u, v)",
    "quiver": "plt.quiver(u, v, v, -u)",
    "streamplot": "plt.streamplot(u, v, v, -u)",
    "tricontour": "plt.tricontour(*xy, xy[0])",
    "tricontourf": "plt.tricontourf(*xy, xy[0])",
    "tripcolor": "plt.tripcolor(*xy, xy[0])",
    "triplot": "plt.triplot(*xy)",
    "polar": "plt.polar(x, y + 1)",
    "polar bar": "plt.subplot(projection='polar').bar(x, y + 1)",
    "mollweide": "plt.subplot(projection='mollweide').plot(x - 3, y)",
    "specgram": "plt.specgram(rng.random(600))",
    "psd": "plt.psd(rng.random(600))",
    "acorr": "plt.acorr(y)",
    "xcorr": "plt.xcorr(y, y)",
    "cohere": "plt.cohere(rng.random(600), rng.random(600))",
    "magnitude_spectrum": "plt.magnitude_spectrum(y)",
    "3d plot": "plt.subplots(**three)[1].plot(x, y, x)",
    "3d scatter": "plt.subplots(**three)[1].scatter(x, y, x)",
    "3d surface": "plt.subplots(**three)[1].plot_surface(u, v, u * v)",
    "3d wireframe": "plt.subplots(**three)[1].plot_wireframe(u, v, u * v)",
    "3d trisurf": "plt.subplots(**three)[1].plot_trisurf(*xy, xy[0])",
    "3d bars": "plt.subplots(**three)[1].bar3d([0, 1], [0, 1], [0, 0], 0.5, 0.5, [1, 2])",
    "3d voxels": "plt.subplots(**three)[1].voxels(np.ones((2, 2, 2)))",
    "3d quiver": "plt.subplots(**three)[1].quiver(0, 0, 0, [1, 0], [0, 1], [1, 1])",
    "3d stem": "plt.subplots(**three)[1].stem(x, y, x)",
    "3d fill": "plt.subplots(**three)[1].contourf(u, v, u * v)",
    "table": "plt.table([[1, 2], [3, 4]], loc='center')",
    "twinx": "plt.plot(x, y); plt.gca().twinx().plot(x, -y, 'r')",
    "inset": "plt.plot(x, y); plt.gca().inset_axes([0.6, 0.6, 0.3, 0.3]).plot(y)",
    "broken axis": (
        "f, (a, b) = plt.subplots(2, sharex=True); a.plot(y); b.plot(y); a.set_ylim(0.5, 1)\n"
        "b.set_ylim(-1, 0); a.spines.bottom.set_visible(False)"
    ),
    "subplots": "plt.subplots(2, 3)[1][1, 2].plot(y)",
    "mosaic": "plt.subplot_mosaic('AB;CC')[1]['C'].plot(y)",
    "subfigures": "plt.figure().subfigures(1, 2)[1].subplots().plot(y)",
    "annotate": "plt.plot(x, y); plt.annotate('here', (3, 0), (4, 0.5), arrowprops={})",
    "text and math": r"plt.text(0.5, 0.5, r'$\frac{a}{b}$')",
    "legend": "plt.plot(x, y, label='sine'); plt.legend()",
    "dates": "plt.plot(pd.date_range('2024', periods=30), y)",
    "categories": "plt.plot(['low', 'high'], [1, 2])",
    "sankey": "from matplotlib.sankey import Sankey; Sankey(flows=[1, -1]).finish()",
    "patches": "plt.gca().add_patch(plt.Circle((0.5, 0.5), 0.3))",
    "xkcd": "with plt.style.context('dark_background'): plt.plot(x, y)",
}

SEABORN = {
    "relplot": "sns.relplot(tips, x='bill', y='tip', hue='sex')",
    "scatterplot": "sns.scatterplot(tips, x='bill', y='tip')",
    "lineplot": "sns.lineplot(x=x, y=y)",
    "displot": "sns.displot(tips, x='bill', col='sex')",
    "histplot": "sns.histplot(tips, x='bill')",
    "kdeplot": "sns.kdeplot(tips, x='bill', cut=0) if have_scipy else sns.histplot(tips, x='tip')",
    "ecdfplot": "sns.ecdfplot(tips, x='bill')",
    "rugplot": "sns.rugplot(tips, x='bill')",
    "catplot": "sns.catplot(tips, x='day', y='tip')",
    "stripplot": "sns.stripplot(tips, x='day', y='tip')",
    "swarmplot": "sns.swarmplot(tips, x='day', y='tip')",
    "boxplot": "sns.boxplot(tips, x='day', y='tip')",
    "violinplot": "sns.violinplot(tips, x='day', y='tip', cut=0, inner=None)",
    "boxenplot": "sns.boxenplot(tips, x='day', y='tip')",
    "pointplot": "sns.pointplot(tips, x='day', y='tip')",
    "barplot": "sns.barplot(tips, x='day', y='tip')",
    "countplot": "sns.countplot(tips, x='day')",
    "lmplot": "sns.lmplot(tips, x='bill', y='tip')",
    "regplot": "sns.regplot(tips, x='bill', y='tip')",
    "residplot": "sns.residplot(tips, x='bill', y='tip')",
    "heatmap": "sns.heatmap(z, annot=True)",
    "clustermap": "sns.clustermap(z) if have_scipy else sns.heatmap(z)",
    "FacetGrid": "sns.FacetGrid(tips, col='day').map(plt.hist, 'tip')",
    "pairplot": "sns.pairplot(tips[['bill', 'tip']])",
    "PairGrid": "sns.PairGrid(tips, vars=['bill', 'tip']).map(plt.scatter)",
    "jointplot": "sns.jointplot(tips, x='bill', y='tip')",
    "JointGrid": "sns.JointGrid(tips, x='bill', y='tip').plot(sns.scatterplot, sns.histplot)",
    "objects": "import seaborn.objects as so; so.Plot(tips, x='bill', y='tip').add(so.Dot())",
    "palplot": "sns.palplot(sns.color_palette())",
    "pandas plot": "tips.plot()",
    "pandas hist": "tips.hist()",
    "pandas scatter": "tips.plot.scatter('bill', 'tip')",
    "pandas scatter_matrix": (
        "from pandas.plotting import scatter_matrix; scatter_matrix(tips[['bill', 'tip']])"
    ),
}

PLOTS = [
    *((f"matplotlib {name}", code) for name, code in MATPLOTLIB.items()),
    *((f"seaborn {name}", code) for name, code in SEABORN.items()),
]
