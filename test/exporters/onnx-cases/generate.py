"""Writes ONNX's own tests of operators as files.

    python generate.py FOLDER

One folder a test, in the layout of ONNX's repository: model.onnx, and test_data_set_0 with input_0.pb, output_0.pb and
so on. Tests with sequences, maps or optional values are left out.
"""

import os
import sys
import warnings

import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases


def is_tensor(port: onnx.ValueInfoProto) -> bool:
    return port.type.HasField("tensor_type")


def tensor(value, name: str) -> onnx.TensorProto:
    return value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value, name)


def write(case, folder: str) -> None:
    data = os.path.join(folder, case.name, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    with open(os.path.join(folder, case.name, "model.onnx"), "wb") as file:
        file.write(case.model.SerializeToString())
    inputs, outputs = case.data_sets[0]
    graph = case.model.graph
    for kind, ports, values in (("input", graph.input, inputs), ("output", graph.output, outputs)):
        for i, (port, value) in enumerate(zip(ports, values)):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                file.write(tensor(value, port.name).SerializeToString())


def main() -> None:
    # The tests overflow and divide by zero on purpose.
    warnings.filterwarnings("ignore")
    for case in collect_testcases(None):
        graph = case.model.graph
        if all(map(is_tensor, [*graph.input, *graph.output])):
            write(case, sys.argv[1])


main()
