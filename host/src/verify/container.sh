# Runs as the command of the container, with the arguments: ENVIRONMENT SHADOW...
# Prints `paude-verify STEP ok` or `paude-verify STEP no` for each step, and then a message.

environment=$1
shift

# report STEP ok|no MESSAGE; the first failure ends the script.
report() {
  printf 'paude-verify %s %s\n' "$1" "$2"
  [ -z "$3" ] || printf '%s\n' "$3"
  [ "$2" = ok ] || exit 1
}

for shadow; do
  for entry in "$shadow"/* "$shadow"/.[!.]* "$shadow"/..?*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then report empty no "$entry is in it"; fi
  done
done
report empty ok ''

if ! command -v python3 >/dev/null; then report made no 'there is no python3 on PATH'; fi
output=$(python3 -m venv "$environment" 2>&1) ||
  report made no "${output:-python3 -m venv fails without a message}"
report made ok ''

output=$("$environment/bin/python" -I -B -c '
import sys
print("Python %d.%d.%d" % sys.version_info[:3])
if sys.prefix == sys.base_prefix:
    sys.exit("it is not the Python of the new environment")
' 2>&1) || report works no "$output"
# pip is a script that was just installed: it proves that files in the shadow can be executed.
pip=$("$environment/bin/pip" --version 2>&1) || report works no "$pip"
report works ok "$output, ${pip%% from *}"
