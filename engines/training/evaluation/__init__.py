"""How good the embedded model is: a judge that learnt from the picture generator alone reads its running streams."""
