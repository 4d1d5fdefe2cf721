"""`yijie certs`: a private authority, its certificates, and their rotation."""
