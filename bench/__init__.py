"""The benchmark: the same work on chainrule and on every peer that is installed.

    python -m bench                  everything; a table, JSON and charts in bench/results
    python -m bench mlp predict      some workloads
    python -m bench convnet --programs chainrule pytorch --rounds 3
    python -m bench --smoke          everything tiny, to prove that it works

Each program runs in its own process, in turn (A B C A B C …), with the same number of threads.

    layers.py, networks.py   what is trained, as facts: shapes, parameters, matrix products
    workloads/               what is measured
    peers/                   how each program does it, as its own documentation does
    scripts/                 the plain MNIST script of each program, timed and weighed as a whole process
    charts.py, overview.py   bars and curves of a workload, and one chart of all training
"""
