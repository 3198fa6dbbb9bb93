"""The servers for frameworks: one short module per framework, close to its documented usage.

They import packages that upecho does not depend on, which ``pip install 'upecho[frameworks]'`` installs. Their contract
is that of all servers (``upecho.serving.contract``). Each module says what was awkward to write under this contract.
"""
