"""What the options of a network may be, declared in the signature of its `__init__`."""

from typing import Annotated, Literal

from brain_tumor.settings import Range

# Give every size a range: a checkpoint or a slip of the keyboard may ask for more than there is
# memory. The widest layer behind GBMnet's 16,384 features has 1 GiB of weights.
Width = Annotated[int, Range(1, 16_384)]
# A scan has 256 pixels a side.
InputSize = Annotated[int, Range(1, 2048)]
Dropout = Annotated[float, Range(0, 1, without=(1,))]
Unfreeze = Literal["all"] | Annotated[int, Range(0)]  # blocks
_Mean = Annotated[float, Range(-1000, 1000)]
_Std = Annotated[float, Range(0, 1000, without=(0,))]
ChannelMean = tuple[_Mean, _Mean, _Mean]
ChannelStd = tuple[_Std, _Std, _Std]
