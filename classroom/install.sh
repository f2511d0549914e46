#!/usr/bin/env bash
# Makes a Debian or Ubuntu machine the JupyterHub of a class: sudo classroom/install.sh
#
#   --to FOLDER           where everything goes (default: /srv/inference-workshop)
#   --without-solutions   the students' copies of the lessons hold no solutions
#   --no-service          make no systemd service; the last lines say how to start it
#
# Call it again after an update of this checkout: homes, settings and mirror stay.
set -euo pipefail
umask 022
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
to=/srv/inference-workshop
handout=false
service=true

say() { echo "$*" >&2; }
stop() {
    say "install.sh: $*"
    exit 2
}

while (($#)); do
    case $1 in
    --to) to=$(realpath -m -- "${2:?--to needs a folder}") && shift ;;
    --without-solutions) handout=true ;;
    --no-service) service=false ;;
    *) stop "not understood: $1. The first lines of this file say what is." ;;
    esac
    shift
done
((EUID == 0)) || stop "each student gets a user id of their own, which needs sudo."
((${#to} <= 32)) || stop "$to has more than 32 characters, too long for sockets in it."
# The hub asks for its own name when it waits for the proxy.
getent hosts "$(hostname)" >/dev/null ||
    stop "this machine cannot find itself. Add to /etc/hosts: 127.0.1.1 $(hostname)"
[[ $source != "$to/course" ]] || stop "call it from your checkout, not from $to."

say "[1/5] Node for the proxy, Python with venv"
missing=()
/usr/bin/python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
command -v npm >/dev/null || missing+=(nodejs npm)
if ((${#missing[@]})); then
    command -v apt-get >/dev/null || stop "install ${missing[*]}, then call it again."
    apt-get update -qq </dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" </dev/null >/dev/null
fi

# A copy, since students must be able to read it, which in most homes they are not.
say "[2/5] The lessons and their environment, in $to"
mkdir -p "$to"/{mirror,cache,course.new}
mkdir -p -m 711 "$to/homes" # each student enters their own and lists nothing
mkdir -p -m 700 "$to/state"
tar -C "$source" -c --exclude-vcs --exclude={./.venv,./build,./work,./dist} \
    --exclude={__pycache__,.hypothesis,'.*_cache'} . |
    tar -C "$to/course.new" -x --no-same-owner
chmod -R u=rwX,go=rX "$to/course.new"
rm -rf "$to/course"
mv "$to/course.new" "$to/course"
# Debian's Python: students cannot run one that lies in the superuser's home. Bytecode is
# compiled, since students cannot write it. What the kits generate is made once, into a
# cache that all students read.
UV_COMPILE_BYTECODE=1 NOTEBOOK_KITS=included NOTEBOOK_KITS_CACHE=$to/cache \
    /usr/bin/python3 "$to/course/start.py" --venv "$to/venv" kits >/dev/null
if $handout; then
    rm -rf "$to/handout"
    "$to/venv/bin/python" -m curator handout --to "$to/handout" >/dev/null
    mv "$to/handout/"*.ipynb "$to/course/notebooks/"
    rmdir "$to/handout"
fi

say "[3/5] The hub"
"$to/venv/bin/python" -m pip install --quiet -r "$to/course/classroom/requirements.txt"

say "[4/5] The proxy"
npm install --silent --no-fund --no-audit --prefix "$to/proxy" \
    "configurable-http-proxy@~5.1.0" >/dev/null # newer ones need Node 20

say "[5/5] Settings and start"
secret() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }
settings=$to/state/settings.toml
if [[ ! -e $settings ]]; then
    install -m 600 "$to/course/classroom/settings.toml" "$settings"
    sed -i "s/^class_password = .*/class_password = \"$(secret 4)\"/" "$settings"
    sed -i "s/^teacher_password = .*/teacher_password = \"$(secret 16)\"/" "$settings"
fi
cat >"$to/start-hub" <<END
#!/bin/sh
# Starts the hub in this terminal; Ctrl-C ends it and all servers.
cd "$to/state" && PATH="$to/venv/bin:$to/proxy/node_modules/.bin:\$PATH" \\
    exec jupyterhub -f "$to/course/classroom/jupyterhub_config.py"
END
chmod 700 "$to/start-hub"
if $service && [[ -d /run/systemd/system ]]; then
    # Delegate: the hub makes a group with a memory limit for each student.
    cat >/etc/systemd/system/inference-workshop-hub.service <<END
[Unit]
Description=JupyterHub of Inference Workshop
After=network-online.target
Wants=network-online.target

[Service]
ExecStart="$to/start-hub"
Delegate=yes
Restart=on-failure

[Install]
WantedBy=multi-user.target
END
    systemctl daemon-reload
    systemctl enable inference-workshop-hub
    systemctl restart inference-workshop-hub
    say "The hub runs, also after a restart of this machine."
else
    say "Start the hub with: $to/start-hub"
fi
address=$(hostname -I | cut -d' ' -f1)
say "The class opens http://$address:$(sed -n 's/^port = \([0-9]*\).*/\1/p' "$settings")"
say "The names (student01, ...), limits and passwords are in $settings"
