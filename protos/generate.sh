#!/usr/bin/env bash
# Regenerates protos/gen from protos/partner: messages, stubs, their type stubs, and the comments.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-../.venv/bin/python}
bin=$(dirname "$python")
out=${1:-gen}
rm -rf "$out/partner"
mkdir -p "$out"
google=$("$python" -c 'import google.rpc, os; print(os.path.dirname(os.path.dirname(list(google.rpc.__path__)[0])))')
find partner -name '*.proto' | sort | xargs "$python" -m grpc_tools.protoc \
  --plugin="$bin/protoc-gen-mypy" --plugin="$bin/protoc-gen-mypy_grpc" \
  -I . -I "$google" \
  --python_out="$out" --grpc_python_out="$out" --mypy_out="$out" --mypy_grpc_out="$out" \
  --include_source_info --descriptor_set_out="$out/descriptors.binpb"
# Generated Python loses the comments, which the graph shows as descriptions.
"$python" comments.py "$out/descriptors.binpb" "$out/partner/comments.json"
rm "$out/descriptors.binpb"
