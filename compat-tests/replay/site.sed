# Debian's sendmail.mc with tables and a port of the world.
s/^MAILER_DEFINITIONS.*/FEATURE(`mailertable', `hash -o \/etc\/mail\/mailertable')dnl\
FEATURE(`virtusertable', `hash -o \/etc\/mail\/virtusertable')dnl\
VIRTUSER_DOMAIN(`virtual.test catchall.test moved.test closed.test')dnl\
FEATURE(`blocklist_recipients')dnl\
define(`confDOMAIN_NAME', `mail.example.test')dnl\
define(`LOCAL_MAILER_PATH', `\/run\/sm\/sensible-mda')dnl\
define(`confPID_FILE', `\/tmp\/case\/pid')dnl\
MAILER_DEFINITIONS/
s/Port=smtp, Addr=127.0.0.1/Port=2525, Addr=127.0.0.1/
s/Port=submission, M=Ea, Addr=127.0.0.1/Port=2587, M=Ea, Addr=127.0.0.1/
s/`n')dnl *$/`n')dnl/
$a\
MAILER(`procmail')dnl
