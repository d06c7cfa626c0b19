"""Makes breast-cancer.onnx and breast-cancer.npz: a scaler and a logistic regression on the data set that scikit-learn
ships (Breast Cancer Wisconsin (Diagnostic); Wolberg, Street, Mangasarian, 1995; CC BY 4.0).

    pip install scikit-learn==1.9.1 skl2onnx
    python examples/models/breast-cancer.py
"""

from pathlib import Path

import numpy
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = Path(__file__).parent
data = load_breast_cancer()
x = data.data.astype(numpy.float32)
train, test, train_y, test_y = train_test_split(x, data.target, test_size=128, random_state=0, stratify=data.target)
model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(train, train_y)
print(f"{model.score(test, test_y):.1%} of {len(test)} samples right")

onnx = to_onnx(model, train[:1], options={"zipmap": False}, target_opset=17)
(folder / "breast-cancer.onnx").write_bytes(onnx.SerializeToString())
numpy.savez_compressed(
    folder / "breast-cancer.npz",
    X=test,
    label=test_y.astype(numpy.int64),
    feature_names=numpy.array(data.feature_names),
)
