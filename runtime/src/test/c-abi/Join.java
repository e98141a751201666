import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** A program that has a JVM already, and not our jars: java -cp jna.jar Join.java LIBRARY. */
class Join {
    public interface Vmette extends Library {
        Pointer vmette_config_new(String kernel, String initramfs);

        void vmette_config_set_exec(Pointer config, String command);

        int vmette_run(Pointer config, PointerByReference out);

        int vmette_run_output_exit_code(Pointer out);

        void vmette_run_output_free(Pointer out);

        void vmette_config_free(Pointer config);
    }

    public static void main(String[] arguments) {
        Vmette vmette = Native.load(arguments[0], Vmette.class);
        Pointer config = vmette.vmette_config_new("", "");
        vmette.vmette_config_set_exec(config, "echo joined; exit 9");
        PointerByReference out = new PointerByReference();
        int status = vmette.vmette_run(config, out);
        int code = vmette.vmette_run_output_exit_code(out.getValue());
        vmette.vmette_run_output_free(out.getValue());
        vmette.vmette_config_free(config);
        System.out.println(status + " " + code);
    }
}
