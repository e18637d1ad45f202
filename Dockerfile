# CPU:   docker build --tag brain-tumor .
# CUDA:  docker build --tag brain-tumor --build-arg INDEX=https://pypi.org/simple .
# Use:   docker run --rm --volume "$PWD":/work brain-tumor train experiment=demo     (CUDA: --gpus all)
FROM python:3.11-slim

# The index of PyTorch's wheels: those for CPUs, or PyPI's, which bring CUDA.
ARG INDEX=https://download.pytorch.org/whl/cpu

# OpenCV wants these two, in whatever version the base image has.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home scans

WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY brain_tumor brain_tumor
COPY conf conf
RUN pip install --no-cache-dir --constraint constraints.txt --extra-index-url "$INDEX" \
    ".[dicom,volumes,export]"

# No root: what it writes to the volume belongs to the first user of most machines.
USER 1000
WORKDIR /work
ENTRYPOINT ["brain-tumor"]
