package vmette.memory;

class MappedGuestMemoryTest extends GuestMemoryContract {
    @Override
    GuestRam create(long[][] addressesAndSizes) {
        return GuestRam.create(addressesAndSizes);
    }
}
