# Functions for the scripts of cases. The working directory is /tmp/case; the configuration of a case is ./test.cf.

cf=/tmp/case/test.cf

# status COMMAND...: runs it and prints its exit status, so that one script can record several.
status() {
    local rc=0
    "$@" || rc=$?
    echo "[status $rc]"
}

# mailbox USER: the mailbox of a user, or a word that it is empty.
mailbox() {
    if [ -s /var/mail/"$1" ]; then cat /var/mail/"$1"; else echo "(no mail for $1)"; fi
}

# queue [DIR]: the queue files by type with their contents. Queue ids do not sort by age within a second, so
# files of a type stand in the order of what does not change from run to run.
queue() {
    local dir=${1:-/var/spool/mqueue} file
    for file in $(cd "$dir" && find . -type f); do
        echo "$(basename "$file" | cut -c1-2)$(grep -av '^[TKI]\|Received\|Message-Id\|Date:\|^	\|received at' "$dir/$file" |
            sed -E 's/[0-9A-Za-x]{8}[0-9]{6}//g;s/1[789][0-9]{8}//g' | md5sum | cut -c1-32) $file"
    done | sort | while read -r key file; do
        echo "== ${key:0:2}"
        cat "$dir/$file"
    done
}

# wait_for COMMAND...: repeats the test for up to ten seconds.
wait_for() {
    local n
    for n in $(seq 200); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    echo "wait_for $*: gave up" >&2
    return 1
}

# settle: waits until the program under test has no process any more (background deliveries).
settle() {
    wait_for bash -c '! pgrep -x sendmail'
}

# daemon PORT FLAGS...: starts the program under test in the foreground mode and waits until it answers.
daemon() {
    local port=$1
    shift
    /run/sm/sendmail -bD "$@" 2>daemon.err >daemon.out </dev/null &
    daemon_pid=$!
    wait_for peer probe 127.0.0.1:"$port"
}

stop_daemon() {
    kill -TERM "$daemon_pid" && wait "$daemon_pid" || true
}

# sink PORT [OPTIONS]: an SMTP server that takes mail for other hosts; its sessions are in sink.PORT.
sink() {
    local port=$1
    shift
    peer sink 0.0.0.0:"$port" sink."$port" "$@" &
    wait_for peer probe 127.0.0.1:"$port"
    : >sink."$port"
}

# directory: starts a directory server with the entries of world/directory, on port 3389 and the local socket
# /tmp/case/ldapi.
directory() {
    cp -r /run/world/directory slapd
    mkdir -m 700 slapd/db
    slapadd -f slapd/slapd.conf -l slapd/entries.ldif 2>slapd/stderr || cat slapd/stderr >&2
    slapd -f slapd/slapd.conf -h 'ldap://127.0.0.1:3389 ldapi://%2Ftmp%2Fcase%2Fldapi' 2>slapd/stderr ||
        cat slapd/stderr >&2
    wait_for peer probe 127.0.0.1:3389
}

# certificate NAME SUBJECT [EXTENSIONS [OPTIONS]]: NAME.pem and NAME.key of the authority ca.pem, all in tls/.
certificate() {
    local ec='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    mkdir -p tls
    if ! [ -f tls/ca.pem ]; then
        openssl req -x509 $ec -keyout tls/ca.key -out tls/ca.pem -days 30 -subj '/CN=Authority' 2>/dev/null
    fi
    openssl req $ec -keyout tls/"$1".key -out tls/"$1".csr -subj "$2" 2>/dev/null
    openssl x509 -req -in tls/"$1".csr -CA tls/ca.pem -CAkey tls/ca.key -CAcreateserial -out tls/"$1".pem \
        -extfile <(echo "${3:-basicConstraints=CA:FALSE}") ${4:--days 30} 2>/dev/null
}

# directory_tls NAME: the server of `directory` anew, with a certificate, speaking TLS on port 3636 as well.
directory_tls() {
    [ -d slapd ] || directory
    stop_directory
    [ -f slapd/plain.conf ] || cp slapd/slapd.conf slapd/plain.conf
    {
        echo "TLSCertificateFile /tmp/case/tls/$1.pem"
        echo "TLSCertificateKeyFile /tmp/case/tls/$1.key"
        cat slapd/plain.conf
    } >slapd/slapd.conf
    slapd -f slapd/slapd.conf -h 'ldap://127.0.0.1:3389 ldaps://127.0.0.1:3636' 2>slapd/stderr ||
        cat slapd/stderr >&2
    wait_for peer probe 127.0.0.1:3636
}

# ldap_conf LINE...: the settings of LDAP clients.
ldap_conf() {
    printf '%s\n' "$@" >/etc/ldap/ldap.conf
}

stop_directory() {
    local pid
    pid=$(cat slapd/pid)
    kill "$pid"
    wait_for bash -c "! kill -0 $pid"
}

# answers PORT FILE: a server that says what the file has, whatever it is asked.
answers() {
    peer answers 127.0.0.1:"$1" "$2" &
    # The probe takes no part of the file: it is gone before anything is said.
    wait_for bash -c "ss -Hltn 'sport = :$1' | grep -q ."
}

# debian_cf: Debian's configuration with ports, paths, spool and the local mailer changed, as ./debian.cf.
debian_cf() {
    sed -e 's/Port=smtp,/Port=2525,/' -e 's/Port=submission,/Port=2587,/' \
        -e 's|/var/spool/mqueue$|/tmp/case/mqueue|' \
        -e 's|/var/run/sendmail/mta/|/tmp/case/|' \
        -e 's|/usr/sbin/sensible-mda|/run/sm/sensible-mda|' \
        /etc/mail/debian.cf >debian.cf
    mkdir -m 2700 mqueue
    chown smmta:smmsp mqueue
}

# maillog: what was logged. A line of our own, which is not shown, tells when all of it is in the file.
maillog() {
    local end="the end of the log $EPOCHREALTIME"
    logger "$end"
    wait_for grep -q "$end" /run/maillog
    grep -av 'the end of the log' /run/maillog
}
