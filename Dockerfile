# One image for everything: the three services, the migrations and the command line differ only in their command.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app PATH=/opt/ektp/bin:$PATH \
    EKTP_HOME=/var/lib/ektp BIND_HOST=0.0.0.0

WORKDIR /app
COPY requirements.runtime.lock .
RUN python -m venv /opt/ektp \
    && /opt/ektp/bin/pip install --no-cache-dir --require-hashes -r requirements.runtime.lock \
    && useradd --system --uid 10001 --home-dir /var/lib/ektp --create-home ektp
COPY services services
COPY shared shared
COPY scenarios scenarios

USER ektp
VOLUME /var/lib/ektp
STOPSIGNAL SIGTERM
CMD ["python", "-m", "services.ektp", "--help"]
