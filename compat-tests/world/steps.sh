# Sourced by enter: runs the steps of the job, each in /tmp/case, with fresh spool directories and mailboxes.

# Ends every process that an earlier step left behind (daemons, queue runners, sinks).
stop_all() {
    local pid
    for pid in $(pgrep -x 'sendmail|mailq|newaliases|peer|slapd|dovecot|python3|sh|sleep' || true); do
        [ "$pid" = 1 ] || [ "$pid" = "$syslog_pid" ] || kill -9 "$pid" 2>/dev/null || true
    done
}

fresh_state() {
    stop_all
    cd /
    rm -rf /tmp/* /tmp/.[!.]* /var/spool/* /var/mail/* /home/* /var/lib/* /root/dead.letter /etc/mail/*
    cp -a /run/etc-mail/. /etc/mail/
    mkdir -p /etc/ldap && rm -f /etc/ldap/ldap.conf
    mkdir -p /tmp/case /var/spool/mqueue /var/spool/mqueue-client /var/lib/sendmail \
        /run/sendmail/mta /run/sendmail/msp
    # Owned by root: a directory of another user needs the option TrustedUser, which most cases leave out.
    chmod 700 /var/spool/mqueue
    chown smmsp:smmsp /var/spool/mqueue-client && chmod 2770 /var/spool/mqueue-client
    chgrp mail /var/mail && chmod 3777 /var/mail
    local user
    for user in alice bob carol; do
        mkdir /home/$user && chown $user:$user /home/$user && chmod 755 /home/$user
    done
    : >/run/maillog
}

run_step() {
    local name=$1 seconds=$2 status=0 start=$EPOCHREALTIME
    fresh_state
    cp -r /mnt/steps/"$name"/. /tmp/case/
    chmod -R go-w /tmp/case
    cd /tmp/case
    # The status of the last command of the script is the step's; 124 means that it ran too long.
    timeout -k 1 "$seconds" bash --rcfile /dev/null -c '. /run/world/lib.sh; . ./script' \
        >/mnt/out/"$name".stdout 2>/mnt/out/"$name".stderr </dev/null || status=$?
    echo $status >/mnt/out/"$name".status
    local milliseconds=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    if [ $milliseconds -gt 3000 ]; then echo "$name took $milliseconds ms" >&2; fi
}

run_steps() {
    local name seconds
    syslog_pid=$(jobs -p | head -1)
    mkdir -p /mnt/out
    while read -r name seconds; do
        run_step "$name" "$seconds"
    done </mnt/order
    stop_all
}
