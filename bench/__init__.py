"""The benchmark: the same work on chainrule and on every peer that is installed.

    python -m bench                  everything; a table, JSON and charts in bench/results
    python -m bench mlp predict      some workloads
    python -m bench --smoke          everything tiny, to prove that it works

Each program runs in its own process, in turn (A B C A B C …), with the same number of threads.

    workloads/   what is measured
    peers/       how each program does it, as its own documentation does
    scripts/     the plain MNIST script of each program, timed and weighed as a whole process
"""
