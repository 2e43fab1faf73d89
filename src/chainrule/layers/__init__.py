"""Keras's layers: weights, and calls of operations."""

from chainrule.layers.activations import ELU as ELU
from chainrule.layers.activations import LeakyReLU as LeakyReLU
from chainrule.layers.activations import PReLU as PReLU
from chainrule.layers.activations import ReLU as ReLU
from chainrule.layers.activations import Softmax as Softmax
from chainrule.layers.augmentation import RandomBrightness as RandomBrightness
from chainrule.layers.augmentation import RandomContrast as RandomContrast
from chainrule.layers.augmentation import RandomCrop as RandomCrop
from chainrule.layers.augmentation import RandomFlip as RandomFlip
from chainrule.layers.augmentation import RandomRotation as RandomRotation
from chainrule.layers.augmentation import RandomTranslation as RandomTranslation
from chainrule.layers.augmentation import RandomZoom as RandomZoom
from chainrule.layers.base import InputSpec as InputSpec
from chainrule.layers.base import Layer as Layer
from chainrule.layers.convolution import Conv1D as Conv1D
from chainrule.layers.convolution import Conv2D as Conv2D
from chainrule.layers.convolution import Conv3D as Conv3D
from chainrule.layers.convolution import DepthwiseConv1D as DepthwiseConv1D
from chainrule.layers.convolution import DepthwiseConv2D as DepthwiseConv2D
from chainrule.layers.convolution import SeparableConv1D as SeparableConv1D
from chainrule.layers.convolution import SeparableConv2D as SeparableConv2D
from chainrule.layers.convolution_transpose import Conv1DTranspose as Conv1DTranspose
from chainrule.layers.convolution_transpose import Conv2DTranspose as Conv2DTranspose
from chainrule.layers.convolution_transpose import Conv3DTranspose as Conv3DTranspose
from chainrule.layers.core import Activation as Activation
from chainrule.layers.core import Dense as Dense
from chainrule.layers.core import Identity as Identity
from chainrule.layers.input import Input as Input
from chainrule.layers.input import InputLayer as InputLayer
from chainrule.layers.merging import Add as Add
from chainrule.layers.merging import Concatenate as Concatenate
from chainrule.layers.merging import Multiply as Multiply
from chainrule.layers.merging import add as add
from chainrule.layers.merging import concatenate as concatenate
from chainrule.layers.merging import multiply as multiply
from chainrule.layers.normalization import BatchNormalization as BatchNormalization
from chainrule.layers.normalization import GroupNormalization as GroupNormalization
from chainrule.layers.normalization import LayerNormalization as LayerNormalization
from chainrule.layers.normalization import RMSNormalization as RMSNormalization
from chainrule.layers.normalization import UnitNormalization as UnitNormalization
from chainrule.layers.pooling import AveragePooling1D as AveragePooling1D
from chainrule.layers.pooling import AveragePooling2D as AveragePooling2D
from chainrule.layers.pooling import AveragePooling3D as AveragePooling3D
from chainrule.layers.pooling import AvgPool1D as AvgPool1D
from chainrule.layers.pooling import AvgPool2D as AvgPool2D
from chainrule.layers.pooling import AvgPool3D as AvgPool3D
from chainrule.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from chainrule.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from chainrule.layers.pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from chainrule.layers.pooling import GlobalAvgPool1D as GlobalAvgPool1D
from chainrule.layers.pooling import GlobalAvgPool2D as GlobalAvgPool2D
from chainrule.layers.pooling import GlobalAvgPool3D as GlobalAvgPool3D
from chainrule.layers.pooling import GlobalMaxPool1D as GlobalMaxPool1D
from chainrule.layers.pooling import GlobalMaxPool2D as GlobalMaxPool2D
from chainrule.layers.pooling import GlobalMaxPool3D as GlobalMaxPool3D
from chainrule.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from chainrule.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from chainrule.layers.pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from chainrule.layers.pooling import MaxPool1D as MaxPool1D
from chainrule.layers.pooling import MaxPool2D as MaxPool2D
from chainrule.layers.pooling import MaxPool3D as MaxPool3D
from chainrule.layers.pooling import MaxPooling1D as MaxPooling1D
from chainrule.layers.pooling import MaxPooling2D as MaxPooling2D
from chainrule.layers.pooling import MaxPooling3D as MaxPooling3D
from chainrule.layers.preprocessing import Normalization as Normalization
from chainrule.layers.preprocessing import Rescaling as Rescaling
from chainrule.layers.regularization import ActivityRegularization as ActivityRegularization
from chainrule.layers.regularization import AlphaDropout as AlphaDropout
from chainrule.layers.regularization import Dropout as Dropout
from chainrule.layers.regularization import GaussianDropout as GaussianDropout
from chainrule.layers.regularization import GaussianNoise as GaussianNoise
from chainrule.layers.regularization import SpatialDropout1D as SpatialDropout1D
from chainrule.layers.regularization import SpatialDropout2D as SpatialDropout2D
from chainrule.layers.resampling import Cropping1D as Cropping1D
from chainrule.layers.resampling import Cropping2D as Cropping2D
from chainrule.layers.resampling import Cropping3D as Cropping3D
from chainrule.layers.resampling import UpSampling1D as UpSampling1D
from chainrule.layers.resampling import UpSampling2D as UpSampling2D
from chainrule.layers.resampling import UpSampling3D as UpSampling3D
from chainrule.layers.resampling import ZeroPadding1D as ZeroPadding1D
from chainrule.layers.resampling import ZeroPadding2D as ZeroPadding2D
from chainrule.layers.resampling import ZeroPadding3D as ZeroPadding3D
from chainrule.layers.reshaping import Flatten as Flatten
from chainrule.layers.reshaping import Permute as Permute
from chainrule.layers.reshaping import RepeatVector as RepeatVector
from chainrule.layers.reshaping import Reshape as Reshape
from chainrule.layers.resizing import CenterCrop as CenterCrop
from chainrule.layers.resizing import Resizing as Resizing
from chainrule.layers.spectral import SpectralNormalization as SpectralNormalization
from chainrule.layers.wrapper import Wrapper as Wrapper
from chainrule.saving.registry import deserialize_keras_object as _deserialize
from chainrule.saving.registry import register
from chainrule.saving.registry import serialize_keras_object as _serialize

Convolution1D = Conv1D
Convolution2D = Conv2D
Convolution3D = Conv3D
Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

for _layer in (
    Dense, Activation, Identity, ELU, LeakyReLU, PReLU, ReLU, Softmax, InputLayer, Add, Concatenate, Multiply,
    Normalization, Rescaling, ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise,
    Flatten, Permute, RepeatVector, Reshape,
    BatchNormalization, GroupNormalization, LayerNormalization, RMSNormalization, SpectralNormalization,
    UnitNormalization, Wrapper,
    Conv1D, Conv2D, Conv3D, DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D,
    Conv1DTranspose, Conv2DTranspose, Conv3DTranspose,
    CenterCrop, Resizing, RandomBrightness, RandomContrast, RandomCrop, RandomFlip, RandomRotation, RandomTranslation,
    RandomZoom, SpatialDropout1D, SpatialDropout2D,
    AveragePooling1D, AveragePooling2D, AveragePooling3D, GlobalAveragePooling1D, GlobalAveragePooling2D,
    GlobalAveragePooling3D, GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D, MaxPooling1D, MaxPooling2D,
    MaxPooling3D, Cropping1D, Cropping2D, Cropping3D, UpSampling1D, UpSampling2D, UpSampling3D, ZeroPadding1D,
    ZeroPadding2D, ZeroPadding3D,
):  # fmt: skip
    register(_layer, module="keras.layers")


def serialize(layer: Layer) -> object:
    """The config of a layer with its class, as JSON can hold it."""
    return _serialize(layer)


def deserialize(config: dict[str, object], custom_objects: dict[str, object] | None = None) -> Layer:
    """The layer that `serialize` described."""
    layer: Layer = _deserialize(config, custom_objects=custom_objects)
    return layer
