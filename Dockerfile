# The portal's image: web, worker, scheduler and one-shot commands all start from it.

FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements/base.txt /tmp/base.txt
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/base.txt
COPY . /app
WORKDIR /app
# Throw-away secrets: collecting files needs settings, and nothing of them stays in the image.
RUN PORTAL_DATA=/tmp/build STATIC_ROOT=/app/staticfiles DJANGO_SETTINGS_MODULE=unionportal.settings.dev \
    sh -c '/opt/venv/bin/python deploy/make_secrets.py /tmp/build/secrets \
      && /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0' \
    && rm -rf /tmp/build \
    && /opt/venv/bin/python -m compileall -q /app

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent portal \
    && install -d -o portal -g portal -m 0700 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=unionportal.settings.prod \
    PORTAL_DATA=/data \
    STATIC_ROOT=/app/staticfiles
WORKDIR /app
USER portal
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "20", "unionportal.wsgi:application"]
