"""The test on data without a signal: cell-type labels shuffled within donor and batch."""

from _results import publish

from crosstalk_omics import datasets, pl, tl

data = datasets.simulate(seed=0)
found = tl.calibrate(data.muscle, data.bone, scenarios=("labels",), n_repeats=4, seed=0)
publish(pl.calibration_qq(found.qq), "fig_10_calibration", found.qq)
