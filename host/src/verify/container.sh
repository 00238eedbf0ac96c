# Is run as the command of the container: ENVIRONMENT SHADOW...
# Says `paude-verify STEP ok|no` for each step, and then what was seen.

environment=$1
shift

tell() {
  printf 'paude-verify %s %s\n' "$1" "$2"
  [ -z "$3" ] || printf '%s\n' "$3"
  [ "$2" = ok ] || exit 1
}

for shadow; do
  for entry in "$shadow"/* "$shadow"/.[!.]* "$shadow"/..?*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then tell empty no "$entry is in it"; fi
  done
done
tell empty ok ''

if ! command -v python3 >/dev/null; then tell made no 'there is no python3 on PATH'; fi
said=$(python3 -m venv "$environment" 2>&1) || tell made no "${said:-python3 -m venv says nothing}"
tell made ok ''

# A script that was just installed proves that files in here can be executed.
said=$("$environment/bin/python" -I -B -c '
import sys
print("Python %d.%d.%d" % sys.version_info[:3])
if sys.prefix == sys.base_prefix:
    sys.exit("it is not the Python of the new environment")
' 2>&1) || tell works no "$said"
script=$("$environment/bin/pip" --version 2>&1) || tell works no "$script"
tell works ok "$said, ${script%% from *}"
