FROM node:22-slim AS front
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY vite.config.js ./
COPY static/src static/src
RUN npm run build

FROM python:3.12-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
COPY --from=front /app/static/dist static/dist
COPY --from=front /app/static/fonts static/fonts
RUN DEBUG=on python manage.py translations --compile \
    && SITE_URL=http://build SECRET_KEY="$(head -c 48 /dev/urandom | base64 -w 0)" \
       DATA_KEYS="$(head -c 48 /dev/urandom | base64 -w 0)" python manage.py collectstatic --noinput \
    && useradd --system ferryman && install -d -o ferryman var && chown -R ferryman var
USER ferryman
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--workers", "2", "--blocking-threads", "32", "--no-ws", "ferry.wsgi:application"]
