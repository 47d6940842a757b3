// Runs OpenSearch nodes in one process, for the tests of the distributed mode.
//
// Usage: java Nodes FOLDER COUNT [SETTING=VALUE ...]
//
// With tls=FILE, a PKCS #12 file without a password, it also serves the first node over TLS, at the last address.
//
// It prints "ready" and one address per node once the cluster is green. It then reads commands from standard input:
// "stop N" and "start N" for node N (from 0), "quit". Each is answered with a line. It ends when its input ends, so
// that it never outlives the test that started it.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.unit.TimeValue;
import org.opensearch.core.common.transport.TransportAddress;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

public class Nodes {
    /** A node with the plugins of a list instead of a folder. */
    static class Embedded extends Node {
        Embedded(Settings settings) {
            super(new Environment(settings, null), List.<Class<? extends Plugin>>of(Netty4Plugin.class), false);
        }

        String address() {
            TransportAddress[] bound = injector().getInstance(HttpServerTransport.class).boundAddress().boundAddresses();
            return "http://127.0.0.1:" + bound[0].getPort();
        }
    }

    static Path folder;
    static int count;
    static List<String> extra = new ArrayList<>();
    static int[] ports;
    static int[] httpPorts;
    static Embedded[] nodes;

    public static void main(String[] args) throws Exception {
        // The log of OpenSearch goes to standard output, which is for answers.
        PrintStream out = System.out;
        System.setOut(System.err);
        folder = Path.of(args[0]);
        count = Integer.parseInt(args[1]);
        extra.addAll(Arrays.asList(args).subList(2, args.length));
        String tls = extra.stream().filter(one -> one.startsWith("tls=")).map(one -> one.substring(4)).findFirst().orElse(null);
        extra.removeIf(one -> one.startsWith("tls="));
        nodes = new Embedded[count];
        int[] free = freePorts(2 * count);
        ports = Arrays.copyOfRange(free, 0, count);
        httpPorts = Arrays.copyOfRange(free, count, 2 * count);
        Thread[] starting = new Thread[count];
        for (int i = 0; i < count; i++) {
            int at = i;
            starting[i] = new Thread(() -> {
                try {
                    start(at);
                } catch (Exception error) {
                    error.printStackTrace();
                    System.exit(1);
                }
            });
            starting[i].start();
        }
        for (Thread thread : starting) {
            thread.join();
        }
        green(count);
        StringBuilder line = new StringBuilder("ready");
        for (Embedded node : nodes) {
            line.append(' ').append(node.address());
        }
        if (tls != null) {
            line.append(' ').append(serveTls(tls));
        }
        out.println(line);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        String command;
        while ((command = input.readLine()) != null && !command.equals("quit")) {
            String[] words = command.split(" ");
            int at = Integer.parseInt(words[1]);
            if (words[0].equals("stop")) {
                nodes[at].close();
                nodes[at] = null;
            } else {
                start(at);
                green(count);
            }
            out.println("done");
        }
        // Closing every node in order waits for a cluster that is gone. The folder is temporary.
        Runtime.getRuntime().halt(0);
    }

    static void start(int at) throws Exception {
        List<String> seeds = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            seeds.add("127.0.0.1:" + ports[i]);
            names.add("node" + i);
        }
        Settings.Builder settings = Settings.builder()
            .put("cluster.name", "askpm-tests")
            .put("node.name", "node" + at)
            .put("path.home", folder.resolve("node" + at).toString())
            .put("network.host", "127.0.0.1")
            .put("transport.port", ports[at])
            .put("http.port", httpPorts[at])
            .put("transport.type", "netty4")
            .put("http.type", "netty4")
            .put("node.processors", 2)
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("cluster.fault_detection.follower_check.timeout", "2s")
            .putList("discovery.seed_hosts", seeds)
            .putList("cluster.initial_cluster_manager_nodes", names);
        for (String one : extra) {
            settings.put(one.substring(0, one.indexOf('=')), one.substring(one.indexOf('=') + 1));
        }
        Embedded node = new Embedded(settings.build());
        nodes[at] = node;
        node.start();
    }

    static void green(int wanted) {
        for (Embedded node : nodes) {
            if (node != null) {
                node.client().admin().cluster().prepareHealth().setWaitForNodes(">=" + wanted).setWaitForGreenStatus()
                    .setTimeout(TimeValue.timeValueSeconds(60)).get();
                return;
            }
        }
    }

    /** Passes what comes over TLS on to the first node. */
    static String serveTls(String file) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (FileInputStream input = new FileInputStream(file)) {
            keys.load(input, new char[0]);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        HttpClient client = HttpClient.newHttpClient();
        server.createContext("/", exchange -> pass(client, exchange));
        server.start();
        return "https://127.0.0.1:" + server.getAddress().getPort();
    }

    static void pass(HttpClient client, HttpExchange exchange) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(nodes[0].address() + exchange.getRequestURI()))
            .header("Content-Type", "application/json")
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(exchange.getRequestBody().readAllBytes()))
            .build();
        try {
            HttpResponse<byte[]> reply = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
            exchange.sendResponseHeaders(reply.statusCode(), reply.body().length == 0 ? -1 : reply.body().length);
            exchange.getResponseBody().write(reply.body());
        } catch (InterruptedException error) {
            throw new IOException(error);
        } finally {
            exchange.close();
        }
    }

    /**
     * Ports that are free now, below those that systems give to connections and to servers that ask for any port: one
     * of those could be taken before the node binds it, or while the node is stopped.
     */
    static int[] freePorts(int count) throws Exception {
        Random random = new Random();
        int[] found = new int[count];
        List<ServerSocket> held = new ArrayList<>();
        for (int tries = 0; held.size() < count; tries++) {
            int port = 10_000 + random.nextInt(22_000);
            try {
                held.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
                found[held.size() - 1] = port;
            } catch (BindException taken) {
                if (tries == 1000) {
                    throw taken;
                }
            }
        }
        for (ServerSocket socket : held) {
            socket.close();
        }
        return found;
    }
}
