/**
 * What a VM's service has written: kept on the host in a ring of bounded size, over all of the VM's incarnations, and read as streams.
 *
 * <pre>
 *   every byte ever written has a position, the first one's is 0
 *
 *        forgotten              kept             not written yet
 *   |--------------------|=================|- - - - - - - - - - -
 *   0                  start              end
 * </pre>
 *
 * The writer never waits: what does not fit takes the place of the oldest. A reader has a position of its own; when the ring's start has passed it,
 * it goes on from there and is told how much lay between. Nothing here knows what the bytes mean; they are the guest's, who may write anything.
 */
package vmette.log;
