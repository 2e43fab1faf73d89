"""report.html: one file that says what was trained, how it went and where it errs. It runs nothing.

run.py         what a report is about
scores.py      accuracy, precision, recall; RMSE, MAE, R²
page.py        the parts, put together
overview.py, network.py, volumes.py, curves.py, confusion.py, classes.py, mistakes.py, weights.py, regression.py,
facts.py       one part of the page each
svg.py, picture.py, markup.py   axes and ticks; arrays as PNG; escaped text
"""

from chainrule.report.page import GENERATOR as GENERATOR
from chainrule.report.page import write as write
from chainrule.report.run import Run as Run
from chainrule.report.run import table_rows as table_rows
