"""How each program does the work.  A module has one or both of

    trainer(network, x, y, batch, **options) -> epoch  epoch() trains once over the data, returns the loss
    predictors(network, **options) -> {way: predict}   predict(x) returns a NumPy array

and a table `BUILD` with one function for each kind of network.
"""
