#!/usr/bin/env bash
# Everything that is tested on a machine with an NVIDIA GPU, in less than eight minutes.
#
#   scripts/gpu_test.sh [PART...]      parts: those of PARTS below; all of them
#   scripts/gpu_test.sh branches       what branches side by side gain, of three networks
#   scripts/gpu_test.sh huge           operands of more than 2^31 elements: up to 40 GB of the
#                                      GPU's memory, as much of the machine's, and minutes
#   scripts/gpu_test.sh kernels        each family of kernels alone, beside the card's roofs
#
# CERMET_BIN and CERMET_LIB name the folders of programs and libraries (build/release/bin and lib
# else); OUT the folder for logs (./gpu_logs), which gets few files: an archive holds the rest.
# LIMIT_PART=SECONDS sets a part's time, as
# LIMIT_unit=300; MODELS, SOURCES (networks built with NVIDIA's libraries), SANITIZED, UNIT_FILTER,
# ONNX_EVERY and BENCH (arguments of bench/gpu.py) what it does.
# CERMET_THOROUGH=1 runs every configuration of every kernel, which takes far longer than LIMIT_unit.
# The last lines are a summary; exit status 1 where a part failed.
# shellcheck disable=SC2317 # parts are called by name
set -uo pipefail
cd "$(dirname "$0")/.." || exit

export CERMET_BIN=${CERMET_BIN:-$PWD/build/release/bin}
export CERMET_LIB=${CERMET_LIB:-$PWD/build/release/lib}
CERMET_BIN=$(realpath "$CERMET_BIN") CERMET_LIB=$(realpath "$CERMET_LIB")
OUT=$(realpath -m "${OUT:-gpu_logs}")
WORK=${WORK:-$(mktemp -d)} # engines, networks and compiled kernels, too large for the logs
LOGS=$WORK/logs
PYTHON=${PYTHON:-python3}
JOBS=${CERMET_JOBS:-$(nproc)}
MODELS=${MODELS:-tiny,mobilenet_v2,resnet50,bert_base,yolo}
UNIT_FILTER=${UNIT_FILTER:--Emulator*}
SANITIZED=${SANITIZED:-Enqueue*:CudaSoftmax*:CudaGemm*:CudaAttention*:CudaReduction*:CudaPooling*:CudaDepthwise*}
BENCH=${BENCH:---rows resnet50,mobilenet_v2,bert_base --batches 1,32 --modes eager,graph --seconds 0.5 --tuning-budget 5 --no-rebuild}
SOURCES=${SOURCES:-tiny,resnet50,bert_base}
ONNX_EVERY=${ONNX_EVERY:-4} # of so many of ONNX's cases one
declare -A LIMITS=([env]=15 [unit]=150 [onnx]=50 [errors]=25 [models]=60 [sources]=50 [streams]=35
  [sanitizer]=40 [bench]=50 [branches]=90 [huge]=480 [kernels]=200)
PARTS=(env unit onnx errors models sources streams sanitizer bench)

mkdir -p "$LOGS" "$OUT"
export LD_LIBRARY_PATH=$CERMET_LIB${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export CERMET_KERNEL_CACHE=${CERMET_KERNEL_CACHE:-$WORK/kernels}
export PYTHONUNBUFFERED=1

# A library of NVIDIA's, from the toolkit or from beside PyTorch: find_library PATTERN WHEEL...
# shellcheck disable=SC2231 # the file's name is a pattern
find_library() {
  local site file=$1 wheel
  shift
  site=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' 2>/dev/null)
  for found in /usr/local/cuda*/lib64/$file; do
    [[ -e $found ]] && echo "$found" && return
  done
  for wheel in "$@"; do
    for found in "$site"/nvidia/"$wheel"/lib/$file; do
      [[ -e $found ]] && echo "$found" && return
    done
  done
}
# Empty: Cermet looks for it.
export CERMET_NVRTC=${CERMET_NVRTC:-$(find_library 'libnvrtc.so.1[0-9]' cu13 cuda_nvrtc)}
export CERMET_CUBLASLT=${CERMET_CUBLASLT:-$(find_library 'libcublasLt.so.1[0-9]' cu13 cublas)}
export CERMET_CUDNN=${CERMET_CUDNN:-$(find_library 'libcudnn.so.9' cudnn cu13)}

part_env() {
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,temperature.gpu --format=csv
  echo "programs $CERMET_BIN, NVRTC ${CERMET_NVRTC:-not found}, $JOBS cores"
  echo "cuBLASLt ${CERMET_CUBLASLT:-not found}, cuDNN ${CERMET_CUDNN:-not found}"
  "$CERMET_BIN/cermet" --version && "$CERMET_BIN/cermet" devices
  "$PYTHON" -c 'import torch; print("PyTorch", torch.__version__, torch.cuda.get_device_name(0))'
}

# The tests are dealt out to processes, each with a log of its own.
part_unit() {
  local shards=$JOBS failed=0 pids=()
  for ((shard = 0; shard < shards; shard++)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard timeout "$1" "$CERMET_BIN/test_cuda" \
      --gtest_filter="$UNIT_FILTER" --gtest_brief=0 >"$WORK/unit.$shard.txt" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
  for ((shard = 0; shard < shards; shard++)); do
    echo "== shard $shard"
    cat "$WORK/unit.$shard.txt"
  done >"$LOGS/unit.full.txt"
  grep -hE '^\[  FAILED  \] [A-Za-z]+\.|Failure$' "$LOGS/unit.full.txt" | sort -u | head -40
  # What ran last in a process that its time or a fault ended.
  for ((shard = 0; shard < shards; shard++)); do
    grep -q 'test suites\? ran\.' "$WORK/unit.$shard.txt" ||
      echo "shard $shard did not end: $(grep '^\[ RUN' "$WORK/unit.$shard.txt" | tail -1)"
  done
  echo "$(grep -c '^\[       OK' "$LOGS/unit.full.txt") tests passed," \
    "$(grep -cE '^\[  FAILED  \] .*ms\)' "$LOGS/unit.full.txt") failed; $failed of $shards processes failed"
  return $((failed > 0))
}

# ONNX's own cases, where the package has them (1.22.0; later ones don't).
part_onnx() {
  "$PYTHON" tests/conformance/conformance_test.py --build-dir "$(dirname "$CERMET_BIN")" \
    --device cuda --jobs "$JOBS" --every "$ONNX_EVERY" --seconds $(($1 - 15))
  local status=$?
  ((status == 77)) && return 0
  return "$status"
}

part_huge() {
  CERMET_HUGE=1 "$CERMET_BIN/test_cuda" --gtest_filter='*CudaHuge*' 2>&1 |
    grep -vE '^\[ RUN|^\[-|^$'
  return "${PIPESTATUS[0]}"
}

# Each family of kernels alone, beside the card's roofs. All cores compile them first.
part_kernels() {
  local bench=$CERMET_BIN/cermet_cuda_bench architecture
  architecture=$("$CERMET_BIN/cermet" devices --json | "$PYTHON" -c \
    'import json, sys; print(json.load(sys.stdin)["devices"][1]["architecture"])') || return
  "$bench" --families --compile "$architecture" && "$bench" --families
}

part_errors() { "$PYTHON" tests/gpu/errors_test.py --folder "$WORK/models"; }

part_streams() { "$PYTHON" tests/gpu/streams_test.py --folder "$WORK/models"; }

part_branches() { "$PYTHON" tests/gpu/branches_test.py --folder "$WORK/models"; }

part_models() {
  "$PYTHON" tests/gpu/models_test.py --models "$MODELS" --folder "$WORK/models" --jobs "$JOBS"
}

# Kernels of cuBLASLt and cuDNN: one by one, and in networks beside our own.
part_sources() {
  local failed=0
  timeout "$1" "$CERMET_BIN/test_cuda" --gtest_filter='CudaCublasLt*:CudaCudnn*' --gtest_brief=1 ||
    failed=1
  "$PYTHON" tests/gpu/sources_test.py --models "$SOURCES" --folder "$WORK/models" || failed=1
  cp "$WORK"/models/*-sources.txt "$LOGS" 2>/dev/null
  return "$failed"
}

# One checker beside the other; one that its time ended has found nothing until then.
part_sanitizer() {
  local failed=0 tool pids=()
  if ! command -v compute-sanitizer >/dev/null; then
    echo "compute-sanitizer is not here: left out"
    return 0
  fi
  for tool in memcheck racecheck initcheck synccheck; do
    timeout -s INT -k 5 $(($1 - 10)) compute-sanitizer --tool "$tool" --error-exitcode 99 \
      --report-api-errors no --print-limit 20 "$CERMET_BIN/test_cuda" --gtest_filter="$SANITIZED" \
      >"$LOGS/sanitizer.$tool.txt" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  for tool in memcheck racecheck initcheck synccheck; do
    local log=$LOGS/sanitizer.$tool.txt errors
    errors=$(grep -cE '^=+ (Error|Invalid|Uninitialized|Barrier|Race|.*hazard|Program hit)' "$log")
    echo "$tool: $(grep -c '^\[       OK' "$log") tests, $errors reports;" \
      "$(grep -E 'ERROR SUMMARY|RACECHECK SUMMARY' "$log" | tail -1)"
    ((errors > 0)) && failed=1 && grep -m 6 -A 4 -E '^=+ (Error|Invalid|Uninit|Barrier|Race)' "$log"
    grep -m 5 '^\[  FAILED' "$log" && failed=1
  done
  return "$failed"
}

part_bench() {
  # shellcheck disable=SC2086 # several arguments
  "$PYTHON" bench/gpu.py $BENCH --total-limit "$(($1 - 5))" --out "$WORK/bench"
  local status=$?
  cp "$WORK"/bench/{results.json,report.md,picture.png,picture.svg} "$LOGS" 2>/dev/null
  tail -c 4000 "$WORK/bench/log.txt" >"$LOGS/bench.log.txt" 2>/dev/null
  return "$status"
}

# The part's output goes to the log and the terminal; its limit ends it with all that it started.
run_part() {
  local part=$1 limit=LIMIT_$1 start=$SECONDS status
  limit=${!limit:-${LIMITS[$part]}}
  echo "=== $part (at most $limit s)"
  timeout -k 5 $((limit + 5)) bash -c "$(declare -f "part_$part"); part_$part $limit" 2>&1 |
    tee "$LOGS/$part.txt"
  status=${PIPESTATUS[0]}
  local verdict=ok
  ((status == 124 || status == 137)) && verdict="TIME IS UP"
  ((status != 0)) && [[ $verdict == ok ]] && verdict=FAILED
  SUMMARY+=("$(printf '%-10s %-10s %4d s  %s' "$part" "$verdict" $((SECONDS - start)) \
    "$(grep -v '^|' "$LOGS/$part.txt" | grep . | tail -1 | cut -c1-150)")")
  keep_logs
  [[ $verdict == ok ]]
}

# After each part, as nobody knows whether the machine stays for the next.
keep_logs() {
  printf '%s\n' "${SUMMARY[@]}" >"$OUT/summary.txt"
  tar -czf "$OUT/logs.tar.gz" -C "$LOGS" .
  cp "$LOGS"/{report.md,results.json,picture.png} "$OUT" 2>/dev/null
}
export CERMET_BIN CERMET_LIB LOGS WORK PYTHON JOBS ONNX_EVERY MODELS SOURCES UNIT_FILTER SANITIZED BENCH

SUMMARY=()
STATUS=0
for part in "${@:-${PARTS[@]}}"; do
  if [[ -z ${LIMITS[$part]:-} ]]; then
    echo "there is no part '$part'; parts: ${PARTS[*]}" >&2
    exit 2
  fi
  run_part "$part" || STATUS=1
done
printf '\n=== summary, logs in %s\n' "$OUT"
printf '%s\n' "${SUMMARY[@]}"
exit $STATUS
