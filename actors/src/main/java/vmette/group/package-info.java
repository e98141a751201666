/**
 * Groups of VMs in Erlang/OTP's sense: who is stopped, who is started, and in which order, when a child of a group fails. Pure: nothing here knows actors or
 * machines. {@link vmette.group.GroupRules} judges one failure, {@link vmette.group.GroupTree} keeps book of a whole fleet and gives {@link
 * vmette.group.Orders}; {@code vmette.actors.FleetActor} carries them out. {@code docs/supervision.md} has the table.
 */
package vmette.group;
