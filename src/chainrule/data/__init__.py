"""Files of data, read strictly: IDX, `.npz`, tables (CSV), folders of images, a person's picture.

A file is data: nothing in it is executed or unpickled, and its sizes are checked before memory is asked for.
What a reader did to the data, it says in notes meant for people.
"""

from chainrule.data.folder import ImageFolder, read_folder
from chainrule.data.idx import read_idx
from chainrule.data.npz import read_npz
from chainrule.data.picture import DIGITS, MNIST, DigitPicture
from chainrule.data.schema import TableSchema
from chainrule.data.split import train_test_indices
from chainrule.data.table import Table, read_table

__all__ = [
    "DIGITS",
    "MNIST",
    "DigitPicture",
    "ImageFolder",
    "Table",
    "TableSchema",
    "read_folder",
    "read_idx",
    "read_npz",
    "read_table",
    "train_test_indices",
]
