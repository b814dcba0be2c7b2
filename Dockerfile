# A server for a class: docker build -t generative-models .
#   docker run -p 7860:7860 -v class:/home/app/class -e PUBLIC_URL=http://THIS-COMPUTER:7860 generative-models
# THIS-COMPUTER is its address in the network: it goes into the QR code, and from inside nobody can know it.
# The weights that ship are inside, so it runs with no network. Models of the Hub are kept in /home/app/.cache.
FROM python:3.12-slim
RUN useradd --create-home app && install -d -o app -g app /home/app/class
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY app.py README.md LICENSE ./
COPY demos demos
COPY models models
COPY checkpoints checkpoints
USER app
# The allocator's settings are explained in the Makefile.
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 GRADIO_ANALYTICS_ENABLED=False \
    DATABASE_URL=sqlite:////home/app/class/class.sqlite3 \
    MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_ARENA_MAX=1
EXPOSE 7860
CMD ["python", "app.py"]
