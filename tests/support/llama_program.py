"""A server of a small language model in a process of its own: prints its address, ends with its input."""

from __future__ import annotations

import sys

# One slot keeps what all prompts begin with; threads that wait for each other spin where others work too.
CONTEXT_TOKENS, SLOTS, THREADS = 2_048, 1, 1


def main() -> None:
    """Serve the model that the argument names until the input ends."""
    import xllamacpp

    wanted = xllamacpp.CommonParams()
    wanted.model.path = sys.argv[1]
    wanted.n_ctx, wanted.n_parallel = CONTEXT_TOKENS, SLOTS
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = THREADS
    wanted.hostnames, wanted.port = ["127.0.0.1"], 0
    wanted.warmup, wanted.verbosity = False, 0
    wanted.use_jinja = True
    server = xllamacpp.Server(wanted)
    print(f"at {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
