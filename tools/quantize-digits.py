"""
The quantised models of hepc's tests, in test/models: a convolution on scikit-learn's digits with a readout by ridge
regression, quantised by onnxruntime.quantization. Needs numpy, onnx, onnxruntime and scikit-learn.

    python tools/quantize-digits.py
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from sklearn.datasets import load_digits

FOLDER = pathlib.Path(__file__).parent.parent / "test" / "models"
CALIBRATION = 128

digits = load_digits()
images = digits.images.astype(np.uint8)[:, None]
random = np.random.default_rng(1)
kernels = random.normal(size=(4, 1, 3, 3)) / 32
biases = random.normal(size=4) / 10


def network(path, readout=None):
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["f", "kernels", "biases"], ["c"], strides=[2, 2], pads=[1, 1, 0, 0]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["y" if readout is None else "features"]),
    ]
    constants = {"kernels": kernels, "biases": biases}
    if readout is not None:
        nodes.append(helper.make_node("Gemm", ["features", "weights", "offsets"], ["y"], transB=1))
        constants |= {"weights": readout[:-1].T, "offsets": readout[-1]}
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 64 if readout is None else 10])],
        [numpy_helper.from_array(np.ascontiguousarray(v, np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def run(path):
    return onnxruntime.InferenceSession(path).run(None, {"x": images})[0]


class Calibration(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"x": images[:CALIBRATION]}])

    def get_next(self):
        return next(self.batches, None)


float_path = "/tmp/digits.onnx"
network(float_path)
features = np.c_[run(float_path), np.ones(len(images))]
labels = np.eye(10)[digits.target]
network(float_path, np.linalg.solve(features.T @ features + 100 * np.eye(65), features.T @ labels))

qdq, dynamic = str(FOLDER / "digits-qdq.onnx"), str(FOLDER / "digits-dynamic.onnx")
types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8}
quantize_static(float_path, qdq, Calibration(), quant_format=QuantFormat.QDQ, **types)
quantize_dynamic(float_path, dynamic, weight_type=QuantType.QUInt8, op_types_to_quantize=["Conv", "MatMul", "Gemm"])
np.savez_compressed(FOLDER / "digits-test128.npz", x=images[:CALIBRATION])

exact = run(float_path)
print("accuracy", (exact.argmax(1) == digits.target).mean())
for path in (qdq, dynamic):
    answers = run(path)
    error = np.abs(answers - exact).max() / np.median(np.abs(exact).max(1))
    operators = [node.op_type for node in onnx.load(path).graph.node]
    print(pathlib.Path(path).name, "accuracy", (answers.argmax(1) == digits.target).mean(), "rounding", error, operators)
