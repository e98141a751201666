package vmette.actors;

import java.time.Duration;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.InstanceId;

/**
 * How a restored guest was made one of its own before anything was let in.
 *
 * @param instance what it is known by
 * @param stepped by how much its clock was set forward, as its agent says: about the age of its snapshot
 * @param took how long each step took in the guest, as its agent says
 * @param late the most that its clock can be late, by this host's clock
 * @param attempts how often the agent was told, at least once
 */
public record VmRenewal(
        InstanceId instance, Duration stepped, AgentFrame.RestoreSteps took, Duration late, int attempts) {}
