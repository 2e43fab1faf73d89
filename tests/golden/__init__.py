"""Golden values: what Keras 3.15.1 computes, stored so that tests can compare without Keras."""
