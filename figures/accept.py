"""Take what the figures show now as what they should show; look at the pictures first."""

import shutil

from _results import ROOT, results, shrunk

EXPECTED = ROOT / "figures" / "expected"

for script in sorted((ROOT / "figures").glob("fig_*.py")):
    made = results() / "figures" / script.stem
    if not made.with_suffix(".csv").is_file():
        print(f"{script.stem}: was not drawn, left as it is")
        continue
    EXPECTED.mkdir(exist_ok=True)
    shutil.copyfile(made.with_suffix(".csv"), EXPECTED / f"{script.stem}.csv")
    shrunk(made.with_suffix(".png")).save(EXPECTED / f"{script.stem}.png", optimize=True)
    print(f"{script.stem}: accepted")
