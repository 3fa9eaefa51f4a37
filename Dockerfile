FROM python:3.13-slim AS build
RUN python -m venv --without-pip /venv
COPY requirements.txt ./
RUN python -m pip --python /venv/bin/python install --no-cache-dir --no-compile \
        --disable-pip-version-check --root-user-action ignore \
        --only-binary :all: --require-hashes --requirement requirements.txt \
    # What is in an image never changes: its bytecode need not be compared with its sources.
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib
COPY bot /vestnik/bot
COPY locales /vestnik/locales
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /vestnik

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Vestnik" \
      org.opencontainers.image.description="A publisher's news bot for Telegram" \
      org.opencontainers.image.licenses="MIT"
RUN python -m pip uninstall --yes --root-user-action ignore pip \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin vestnik \
    && install --directory --owner vestnik --group vestnik --mode 700 /data
COPY --from=build /venv /venv
COPY --from=build /vestnik /vestnik
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    WEB_PORT=8080
WORKDIR /vestnik
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-m", "bot", "health"]
ENTRYPOINT ["python", "-m", "bot"]
