# The app and its workers, in one image: `docker compose up`.
# For NVIDIA GPUs: docker build --build-arg TORCH_INDEX=https://pypi.org/simple --tag monae-app:cuda .

FROM python:3.11-slim AS build
# Where PyTorch comes from: its much smaller CPU build, unless told otherwise.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/monae
WORKDIR /src
# The packages first: they stay as they are when only the code changes. What the tests need stays outside.
COPY requirements.lock ./
RUN sed '/^# Development/,$d' requirements.lock > requirements.txt \
    && /opt/monae/bin/pip install --extra-index-url "$TORCH_INDEX" -r requirements.txt
COPY . .
RUN /opt/monae/bin/pip install --no-deps .

FROM python:3.11-slim
# The number of the account matters where several machines share the store: it has to be the same on all of them.
ARG UID=10001
RUN useradd --uid "$UID" --create-home monae && install -d -o monae -g monae -m 700 /store
COPY --from=build /opt/monae /opt/monae
ENV PATH=/opt/monae/bin:$PATH PYTHONUNBUFFERED=1
USER monae
WORKDIR /home/monae
VOLUME /store
EXPOSE 8050
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8050/api/health', timeout=4)"]
CMD ["monae", "app", "--host", "0.0.0.0", "--store", "/store", "--no-browser"]
