import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deidentifier.arx.ARXAnonymizer;
import org.deidentifier.arx.ARXConfiguration;
import org.deidentifier.arx.ARXResult;
import org.deidentifier.arx.AttributeType.Hierarchy;
import org.deidentifier.arx.Data;
import org.deidentifier.arx.DataHandle;
import org.deidentifier.arx.criteria.KAnonymity;
import org.deidentifier.arx.metric.Metric;
import org.deidentifier.arx.metric.Metric.AggregateFunction;

/**
 * Anonymizes a table with ARX: java -cp CLASSPATH ArxDriver.java TABLE HIERARCHIES LIMIT K RUNS global|local OUTPUT.
 * Prints milliseconds and loss of each run; the table that the last run released goes to OUTPUT. What is measured starts
 * with the rows in memory.
 */
public class ArxDriver {
  public static void main(String[] arguments) throws Exception {
    String table = arguments[0];
    double limit = Double.parseDouble(arguments[2]);
    boolean local = arguments[5].equals("local");
    for (int run = 0; run < Integer.parseInt(arguments[4]); run++) {
      Data data = Data.create(table, StandardCharsets.UTF_8, ';');
      DataHandle input = data.getHandle();
      for (int column = 0; column < input.getNumColumns(); column++) {
        String name = input.getAttributeName(column);
        Path hierarchy = Path.of(arguments[1], "adult_hierarchy_" + name + ".csv");
        data.getDefinition()
            .setAttributeType(name, Hierarchy.create(hierarchy.toFile(), StandardCharsets.UTF_8, ';'));
      }
      ARXConfiguration configuration = ARXConfiguration.create();
      configuration.addPrivacyModel(new KAnonymity(Integer.parseInt(arguments[3])));
      configuration.setSuppressionLimit(local ? 1d : limit);
      configuration.setQualityModel(Metric.createLossMetric(0.5d, AggregateFunction.ARITHMETIC_MEAN));
      long started = System.nanoTime();
      ARXResult result = new ARXAnonymizer().anonymize(data, configuration);
      DataHandle output = result.getOutput(false);
      if (local) result.optimizeIterativeFast(output, 0.01d);
      double millis = (System.nanoTime() - started) / 1e6;
      System.out.println(millis + " " + result.getGlobalOptimum().getHighestScore());
      Files.deleteIfExists(Path.of(arguments[6]));
      output.save(arguments[6], ';');
    }
  }
}
