"""Trains ensembles of decision trees on data sets of scikit-learn, and exports them.

    pip install numpy==2.4.6 onnx==1.23.2 scikit-learn==1.9.1 skl2onnx==1.20.0 xgboost==3.2.0 lightgbm==4.7.0 onnxmltools==1.16.0
    python tools/train-trees.py bench FOLDER [NAME...]
    python tools/train-trees.py small test/models/trees [NAME...]

One folder a model, as those of test/exporters/sklearn/generate.py: model.onnx; calibration.npz and held-out.npz, both as `X`;
answers.json, what the library says of the latter. `bench` has the models of bench/trees.md, `small` those of the tests, with few
samples. Seeded; the files of `small` are kept, not made anew.
"""

import json
import os
import sys
import warnings

import lightgbm
import numpy as np
import onnx
import xgboost
from onnxmltools.convert import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

warnings.filterwarnings("ignore")

# skl2onnx writes booleans where ONNX has integers, which protobuf refuses.
make_attribute = onnx.helper.make_attribute
onnx.helper.make_attribute = lambda key, value, *rest, **named: make_attribute(
    key, [int(x) if isinstance(x, bool) else x for x in value] if isinstance(value, list) else value, *rest, **named
)

CANCER, WINE, DIGITS, DIABETES = load_breast_cancer, load_wine, load_digits, load_diabetes


def with_gaps(load):
    """A data set where a tenth of all values are missing."""

    def loaded():
        data = load()
        data.data = np.where(np.random.default_rng(1).random(data.data.shape) < 0.1, np.nan, data.data)
        return data

    return loaded


def with_second_target(load):
    """A data set with another target beside its own."""

    def loaded():
        data = load()
        data.target = np.stack([data.target, 1000 * data.data[:, 2] - data.target], axis=1)
        return data

    return loaded


def seeded(kind, count, depth, seed=1):
    """Of ensembles that are part of others, which seed them no more than they seed themselves."""
    return kind(n_estimators=count, max_depth=depth, random_state=seed)


BENCH = {
    "xgboost-cancer": (xgboost.XGBClassifier(n_estimators=100, max_depth=4), CANCER),
    "lightgbm-cancer": (lightgbm.LGBMClassifier(n_estimators=100, num_leaves=15, verbose=-1), CANCER),
    "random-forest-wine": (RandomForestClassifier(100, max_depth=6), WINE),
    "random-forest-digits": (RandomForestClassifier(100, max_depth=6), DIGITS),
    "gradient-boosting-cancer": (GradientBoostingClassifier(n_estimators=100, max_depth=3), CANCER),
}

SMALL = {
    "decision-tree-wine": (DecisionTreeClassifier(max_depth=4), WINE),
    "random-forest-cancer": (RandomForestClassifier(4, max_depth=4), CANCER),
    "random-forest-digits": (RandomForestClassifier(6, max_depth=5), DIGITS),
    "random-forest-diabetes": (RandomForestRegressor(4, max_depth=4), DIABETES),
    "extra-trees-wine": (ExtraTreesClassifier(4, max_depth=4), WINE),
    "extra-trees-diabetes": (ExtraTreesRegressor(4, max_depth=4), DIABETES),
    "gradient-boosting-cancer": (GradientBoostingClassifier(n_estimators=5), CANCER),
    "gradient-boosting-wine": (GradientBoostingClassifier(n_estimators=4), WINE),
    "gradient-boosting-diabetes": (GradientBoostingRegressor(n_estimators=5), DIABETES),
    "hist-gradient-boosting-wine": (HistGradientBoostingClassifier(max_iter=4, max_leaf_nodes=6), WINE),
    "hist-gradient-boosting-gaps": (HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=8), with_gaps(DIABETES)),
    "xgboost-gaps": (xgboost.XGBClassifier(n_estimators=5, max_depth=3), with_gaps(CANCER)),
    "adaboost-wine": (AdaBoostClassifier(n_estimators=4), WINE),
    "bagging-wine": (BaggingClassifier(n_estimators=3), WINE),
    "bagging-diabetes": (BaggingRegressor(n_estimators=2, max_samples=0.2), DIABETES),
    "voting-wine": (
        VotingClassifier(
            [("a", seeded(RandomForestClassifier, 3, 3)), ("b", seeded(ExtraTreesClassifier, 3, 2))],
            voting="soft",
            flatten_transform=False,
        ),
        WINE,
    ),
    "voting-diabetes": (
        VotingRegressor(
            [
                ("a", make_pipeline(StandardScaler(), seeded(RandomForestRegressor, 3, 3))),
                ("b", seeded(RandomForestRegressor, 3, 3, 2)),
            ]
        ),
        DIABETES,
    ),
    "stacking-wine": (
        StackingClassifier(
            [("a", seeded(RandomForestClassifier, 3, 3)), ("b", seeded(ExtraTreesClassifier, 3, 3))],
            final_estimator=LogisticRegression(),
        ),
        WINE,
    ),
    "multi-output-diabetes": (
        MultiOutputRegressor(seeded(RandomForestRegressor, 3, 3)),
        with_second_target(DIABETES),
    ),
    "one-vs-rest-wine": (OneVsRestClassifier(seeded(GradientBoostingClassifier, 3, 2)), WINE),
    "isolation-forest-wine": (IsolationForest(n_estimators=3, max_samples=32), WINE),
    "xgboost-cancer": (xgboost.XGBClassifier(n_estimators=5, max_depth=3), CANCER),
    "xgboost-wine": (xgboost.XGBClassifier(n_estimators=4, max_depth=3), WINE),
    "xgboost-diabetes": (xgboost.XGBRegressor(n_estimators=5, max_depth=3), DIABETES),
    "lightgbm-cancer": (lightgbm.LGBMClassifier(n_estimators=5, num_leaves=8, verbose=-1), CANCER),
    "lightgbm-wine": (lightgbm.LGBMClassifier(n_estimators=4, num_leaves=8, verbose=-1), WINE),
    "lightgbm-diabetes": (lightgbm.LGBMRegressor(n_estimators=5, num_leaves=8, verbose=-1), DIABETES),
}

# Of both sets of samples: calibration, held out.
SAMPLES = {"bench": (500, 200), "small": (16, 32)}


def export(model, x):
    if isinstance(model, (xgboost.XGBClassifier, xgboost.XGBRegressor)):
        return convert_xgboost(model, initial_types=[("X", FloatTensorType([None, x.shape[1]]))])
    if isinstance(model, (lightgbm.LGBMClassifier, lightgbm.LGBMRegressor)):
        types = [("X", FloatTensorType([None, x.shape[1]]))]
        return convert_lightgbm(model, initial_types=types, zipmap=False)
    options = {"zipmap": False} if is_classifier(model) else None
    # skl2onnx knows no later version of the domain for all of them.
    return to_onnx(model, x[:1], options=options, target_opset={"": 17, "ai.onnx.ml": 3})


def answers(model, x):
    said = model.predict(x)
    if is_classifier(model) or isinstance(model, IsolationForest):
        return {"kind": "labels", "values": said.tolist()}
    return {"kind": "values", "rows": said.reshape(len(x), -1).tolist()}


def write(folder, model, load, counts):
    data = load()
    x, y = data.data.astype(np.float32), data.target
    calibration, held_out = counts
    a, b, c, _ = train_test_split(x, y, test_size=min(200, len(x) // 2), random_state=1)
    if "random_state" in model.get_params():
        model.set_params(random_state=1)
    model.fit(a, c)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(export(model, a).SerializeToString())
    np.savez_compressed(os.path.join(folder, "calibration.npz"), X=a[:calibration])
    np.savez_compressed(os.path.join(folder, "held-out.npz"), X=b[:held_out])
    with open(os.path.join(folder, "answers.json"), "w", encoding="utf8") as file:
        json.dump({"maxError": 1, "outputs": [answers(model, b[:held_out])]}, file)
        file.write("\n")


def main():
    kind, folder, *names = sys.argv[1:]
    for name, (model, load) in {"bench": BENCH, "small": SMALL}[kind].items():
        if names and name not in names:
            continue
        write(os.path.join(folder, name), model, load, SAMPLES[kind])
        print(name)


if __name__ == "__main__":
    main()
