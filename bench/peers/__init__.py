"""How each program does the work.  A module has one or both of

    trainer(network, x, y, batch, **options) -> (epoch, parameters)
        epoch() trains once over the data and returns the mean loss
    predictors(network, **options) -> ({way: predict}, parameters)
        predict(x) returns a NumPy array

where `parameters` is how many trainable numbers the program's own model holds, and a function that builds this
model from the network's layers.
"""
