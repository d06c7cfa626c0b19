"""Trains models of scikit-learn on its own data sets, and exports them with skl2onnx.

    python generate.py FOLDER [NAME...]

One folder a model: model.onnx; calibration.npz, samples that it was trained on, and held-out.npz, samples that it was not,
both as `X`; answers.json, what the library says of the latter, output by output in the order of the model, of the first outputs. Classifiers
are exported twice, with and without a ZipMap at the end.
"""

import json
import os
import sys
import warnings
from typing import NamedTuple

import numpy as np
from skl2onnx import to_onnx
from sklearn.base import is_classifier, is_clusterer, is_regressor
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR

HELD_OUT = 200
CALIBRATION = 500


class Data(NamedTuple):
    x: np.ndarray
    y: np.ndarray


def bunch(load) -> Data:
    data = load()
    return Data(data.data.astype(np.float32), data.target)


cancer = bunch(load_breast_cancer)
wine = bunch(load_wine)
digits = bunch(load_digits)
diabetes = bunch(load_diabetes)
# What is to be told is text.
named_wine = Data(wine.x, load_wine().target_names[wine.y])
# Disease, body mass and blood pressure from all else.
several = Data(np.delete(diabetes.x, [2, 3], axis=1), np.c_[diabetes.y, diabetes.x[:, 2:4] * 1000])


def scaled(model):
    return make_pipeline(StandardScaler(), model)


# The largest error that hepc is asked for, 0.01 where nothing is said: an activation that becomes a polynomial errs by more.
MAX_ERROR = {"mlp-classifier": 0.05, "mlp-regressor": 0.05}

MODELS = {
    "linear-regression": (LinearRegression(), diabetes),
    "ridge-several-outputs": (Ridge(), several),
    "lasso-minmax": (make_pipeline(MinMaxScaler(), Lasso(0.1)), diabetes),
    "logistic-two-classes": (LogisticRegression(max_iter=10000), cancer),
    "logistic-two-classes-scaled": (scaled(LogisticRegression()), cancer),
    "logistic-many-classes": (LogisticRegression(max_iter=10000), digits),
    "logistic-many-classes-scaled": (scaled(LogisticRegression()), wine),
    "logistic-texts": (scaled(LogisticRegression()), named_wine),
    "logistic-pca": (make_pipeline(PCA(16), LogisticRegression(max_iter=10000)), digits),
    "linear-svc": (scaled(LinearSVC()), cancer),
    "linear-svc-many-classes": (scaled(LinearSVC()), wine),
    "linear-svr": (scaled(LinearSVR(C=10, max_iter=10000)), diabetes),
    "svc-polynomial": (scaled(SVC(kernel="poly", degree=3, coef0=1)), cancer),
    "svc-polynomial-many-classes": (scaled(SVC(kernel="poly", degree=2, coef0=1)), wine),
    "svr-polynomial": (scaled(SVR(kernel="poly", degree=2, coef0=1, C=10)), diabetes),
    "lda": (LinearDiscriminantAnalysis(), wine),
    "lda-two-classes": (LinearDiscriminantAnalysis(), cancer),
    "qda": (scaled(QuadraticDiscriminantAnalysis()), wine),
    "gaussian-nb": (GaussianNB(), wine),
    "gaussian-nb-scaled": (scaled(GaussianNB()), cancer),
    "kmeans": (scaled(KMeans(3, n_init=4)), wine),
    "kmeans-digits": (KMeans(10, n_init=4), digits),
    "pca": (PCA(8), digits),
    "truncated-svd": (TruncatedSVD(8), digits),
    "mlp-classifier": (scaled(MLPClassifier(hidden_layer_sizes=(32,), max_iter=400)), digits),
    "mlp-regressor": (scaled(MLPRegressor(hidden_layer_sizes=(16,), max_iter=4000)), diabetes),
    "polynomial-features": (make_pipeline(PolynomialFeatures(2), LinearRegression()), diabetes),
    "normalizer": (make_pipeline(Normalizer(), LinearRegression()), diabetes),
}


def seed(model) -> None:
    keys = [key for key in model.get_params() if key.split("__")[-1] == "random_state"]
    model.set_params(**{key: 1 for key in keys})


def labels(values) -> dict:
    return {"kind": "labels", "values": values.tolist()}


def numbers(values) -> dict:
    return {"kind": "values", "rows": np.asarray(values, float).reshape(len(values), -1).tolist()}


def answers(model, x) -> list:
    if is_clusterer(model):
        return [labels(model.predict(x)), numbers(model.transform(x))]
    if is_classifier(model):
        # skl2onnx has scores of its own for some.
        return [labels(model.predict(x))]
    return [numbers(model.predict(x) if is_regressor(model) else model.transform(x))]


def write(folder: str, name: str, model, data: Data) -> None:
    x, held_out, y, _ = train_test_split(data.x, data.y, test_size=min(HELD_OUT, len(data.x) // 2), random_state=1)
    seed(model)
    model.fit(x, y)
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    variants = {"": {}}
    # A LinearSVC is exported without a ZipMap anyway.
    if is_classifier(model) and not isinstance(last, LinearSVC):
        variants["-nozip"] = {"zipmap": False}
    for suffix, options in variants.items():
        own = os.path.join(folder, name + suffix)
        os.makedirs(own, exist_ok=True)
        # Without options of its own a classifier at the end of a pipeline is given some that a LinearSVC does not have.
        exported = to_onnx(model, x[:1], options={id(last): options} if is_classifier(model) else None)
        with open(os.path.join(own, "model.onnx"), "wb") as file:
            file.write(exported.SerializeToString())
        np.savez(os.path.join(own, "calibration.npz"), X=x[:CALIBRATION])
        np.savez(os.path.join(own, "held-out.npz"), X=held_out)
        with open(os.path.join(own, "answers.json"), "w") as file:
            json.dump({"maxError": MAX_ERROR.get(name, 0.01), "outputs": answers(model, held_out)}, file)


def main() -> None:
    warnings.filterwarnings("ignore")
    folder, *names = sys.argv[1:]
    for name, (model, data) in MODELS.items():
        if not names or name in names:
            write(folder, name, model, data)


main()
