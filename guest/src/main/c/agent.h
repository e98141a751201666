/* What the whole agent shares. */
#ifndef VMETTE_AGENT_H
#define VMETTE_AGENT_H

#define AGENT_NAME "vmette-agent 0.1.0"
#define AGENT_PORT 1024

#endif
