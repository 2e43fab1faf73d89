"""The channel axis, where a layer meets the user's arrays: see `chainrule.ops.data_format`."""

from chainrule.ops.data_format import as_given as as_given
from chainrule.ops.data_format import channels_last as channels_last
from chainrule.ops.data_format import check_batch as check_batch
from chainrule.ops.data_format import data_format_of as data_format_of
