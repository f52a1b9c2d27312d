/* Tells the service manager how it goes (sd_notify(3)): one datagram to $NOTIFY_SOCKET. Without that
 * variable nothing happens. The protocol is a line of text; libsystemd would be our only use of it. */
#ifndef MINGFA_SERVER_NOTIFY_H
#define MINGFA_SERVER_NOTIFY_H

/* "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=…", "STATUS=…". Best effort. Any thread. */
void notify_send(const char *state);

#endif
