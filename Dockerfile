# The course in a container: for the services `relay` and `jupyter` of docker-compose.yml.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --uid 1000 --create-home learner
WORKDIR /course

# Before the rest, so that a change of the course does not install everything again.
COPY requirements.txt requirements-dev.txt ./
RUN pip install --constraint requirements-dev.txt uv \
    && uv pip install --system --no-cache --requirement requirements.txt

COPY . .
# Editable, so that the course is found from anywhere: its labs lie beside the package.
RUN uv pip install --system --no-cache --no-deps --editable . \
    # Somebody who is not user 1000 may run this too, and has settings and progress to write, in a folder of their own:
    # only its owner can close one to others.
    && mkdir -p .lab && chmod 1777 .lab && chmod 0777 /home/learner
ENV HOME=/home/learner LAB_HOME=/course/.lab/own

# Neither the relay nor JupyterLab needs any rights on this machine, nor the Docker socket.
USER learner
CMD ["lab", "list"]
