package org.tilsyn.hapi;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.IDaoRegistry;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.config.util.ResourceCountCacheUtil;
import ca.uhn.fhir.jpa.dao.FulltextSearchSvcImpl;
import ca.uhn.fhir.jpa.dao.IFulltextSearchSvc;
import ca.uhn.fhir.jpa.dao.search.HSearchSortHelperImpl;
import ca.uhn.fhir.jpa.dao.search.IHSearchSortHelper;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect;
import ca.uhn.fhir.jpa.provider.DaoRegistryResourceSupportedSvc;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.search.IStaleSearchDeletingSvc;
import ca.uhn.fhir.jpa.search.StaleSearchDeletingSvcImpl;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.util.ResourceCountCache;
import ca.uhn.fhir.rest.api.IResourceSupportedSvc;
import ca.uhn.fhir.rest.api.server.RequestDetails;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IValidatorModule;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import jakarta.persistence.EntityManagerFactory;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import javax.sql.DataSource;
import org.hl7.fhir.dstu2.model.Subscription.SubscriptionChannelType;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.elasticsearch.ElasticsearchClientAutoConfiguration;
import org.springframework.boot.autoconfigure.elasticsearch.ElasticsearchRestClientAutoConfiguration;
import org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration;
import org.springframework.boot.autoconfigure.orm.jpa.HibernateJpaAutoConfiguration;
import org.springframework.boot.autoconfigure.quartz.QuartzAutoConfiguration;
import org.springframework.boot.autoconfigure.thymeleaf.ThymeleafAutoConfiguration;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/**
 * A real HAPI FHIR JPA server (R4, on in-memory H2 or on PostgreSQL) as one local process, for tests on machines without
 * Docker.
 *
 * <p>It stays as near to a stock server as it can: the search cache, the limits and the paging are HAPI's own defaults,
 * because those are what tilsyn has to live with. Two things differ on purpose, both by switch: every write is validated,
 * and the subscription queue is read often, so that tests need not wait for it.
 */
@SpringBootConfiguration
@EnableTransactionManagement
@EnableAutoConfiguration(exclude = { // HAPI brings these libraries for itself and wires what it needs
  QuartzAutoConfiguration.class,
  FlywayAutoConfiguration.class,
  ThymeleafAutoConfiguration.class,
  HibernateJpaAutoConfiguration.class,
  ElasticsearchRestClientAutoConfiguration.class,
  ElasticsearchClientAutoConfiguration.class
})
@Import({
  JpaR4Config.class,
  ThreadPoolFactoryConfig.class,
  SubscriptionSubmitterConfig.class,
  SubscriptionProcessorConfig.class,
  SubscriptionChannelConfig.class,
  JpaBatch2Config.class,
  Batch2JobsConfig.class
})
public class HapiServer {

  public static void main(String[] args) {
    if (List.of(args).contains("--die-with-parent")) {
      dieWithParent(); // before the slow part, so that nobody is left behind half started
    }
    SpringApplication.run(HapiServer.class, args);
  }

  /** The parent holds our stdin open; end of file means that it is gone, even if it was killed. */
  private static void dieWithParent() {
    var watch = new Thread(() -> {
      try {
        while (System.in.read() >= 0) {}
      } catch (IOException e) {
        // a broken pipe says the same as its end
      }
      Runtime.getRuntime().halt(0); // nothing here is worth an orderly shutdown
    }, "die-with-parent");
    watch.setDaemon(true);
    watch.start();
  }

  @Bean
  public JpaStorageSettings storageSettings() {
    return new JpaStorageSettings();
  }

  @Bean
  public PartitionSettings partitionSettings() {
    return new PartitionSettings();
  }

  @Bean
  public SubscriptionSettings subscriptionSettings(@Value("${subscription.interval-ms}") long interval) {
    var settings = new SubscriptionSettings();
    settings.addSupportedSubscriptionType(SubscriptionChannelType.RESTHOOK);
    settings.setSubscriptionIntervalInMs(interval);
    return settings;
  }

  /** The subscription module demands one although e-mail channels are off. */
  @Bean
  public IEmailSender emailSender() {
    return details -> {};
  }

  @Bean
  @Primary
  public LocalContainerEntityManagerFactoryBean entityManagerFactory(
      ConfigurableListableBeanFactory beans,
      FhirContext fhir,
      JpaStorageSettings settings,
      DataSource dataSource,
      @Value("${spring.datasource.url}") String url) {
    var factory = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, fhir, settings);
    factory.setPersistenceUnitName("HAPI_PU");
    factory.setDataSource(dataSource);
    factory.setJpaProperties(hibernate(dialect(url)));
    return factory;
  }

  /** HAPI wants its own dialects, which Hibernate does not find by itself. */
  private static Class<?> dialect(String url) {
    return url.startsWith("jdbc:postgresql:") ? HapiFhirPostgresDialect.class : HapiFhirH2Dialect.class;
  }

  private static Properties hibernate(Class<?> dialect) {
    var p = new Properties();
    p.put("hibernate.dialect", dialect.getName());
    p.put("hibernate.hbm2ddl.auto", "update"); // the database is empty, or was made by the same version
    p.put("hibernate.jdbc.batch_size", "20");
    p.put("hibernate.search.enabled", "false"); // no full text: tilsyn never asks for it
    p.put("hibernate.cache.use_query_cache", "false");
    p.put("hibernate.cache.use_second_level_cache", "false");
    return p;
  }

  @Bean
  @Primary
  public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
    return new JpaTransactionManager(factory);
  }

  @Bean
  public IFulltextSearchSvc fullTextSearch() {
    return new FulltextSearchSvcImpl();
  }

  @Bean
  public IStaleSearchDeletingSvc staleSearches() {
    return new StaleSearchDeletingSvcImpl();
  }

  @Bean
  public IHSearchSortHelper sortHelper(ISearchParamRegistry params) {
    return new HSearchSortHelperImpl(params);
  }

  @Bean
  public IResourceSupportedSvc resourceSupport(IDaoRegistry daos) {
    return new DaoRegistryResourceSupportedSvc(daos);
  }

  /** HAPI looks this bean up by its name. */
  @Bean(name = "myResourceCountsCache")
  public ResourceCountCache resourceCounts(IFhirSystemDao<?, ?> system) {
    return ResourceCountCacheUtil.newResourceCountCache(system);
  }

  @Bean
  public DatabaseBackedPagingProvider paging() {
    var paging = new DatabaseBackedPagingProvider();
    paging.setDefaultPageSize(20); // the starter's numbers, so that paging is met as it is in the field
    paging.setMaximumPageSize(1000);
    return paging;
  }

  @Bean
  public RestfulServer fhirServer(
      FhirContext fhir,
      ResourceProviderFactory resources,
      IJpaSystemProvider system,
      IFhirSystemDao<?, ?> dao,
      JpaStorageSettings settings,
      ISearchParamRegistry params,
      IValidationSupport terminology,
      DatabaseBackedPagingProvider paging,
      IValidatorModule validator,
      @Value("${validate}") boolean validate) {
    var server = new RestfulServer(fhir);
    server.registerProviders(resources.createProviders());
    server.registerProvider(system);
    server.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(server, dao, settings, params, terminology));
    server.setPagingProvider(paging);
    if (validate) {
      server.registerInterceptor(refuseInvalid(validator));
    }
    return server;
  }

  /** Profiles are put here by the tests, where a hospital's server would have read them from a package. */
  private static final Set<String> CONFORMANCE = Set.of("StructureDefinition", "ValueSet", "CodeSystem");

  /**
   * What a strict hospital server does: invalid FHIR is refused with 422 before it is stored. Profiles pass unchecked,
   * as they do when a server installs a package: the validator cannot make the snapshot of an extension that it is
   * handed in a request ("Unable to resolve package id"), though it can once the extension is stored.
   */
  private static RequestValidatingInterceptor refuseInvalid(IValidatorModule validator) {
    var interceptor = new RequestValidatingInterceptor() {
      @Override
      public boolean incomingRequestPostProcessed(
          RequestDetails request, HttpServletRequest http, HttpServletResponse response) {
        return CONFORMANCE.contains(String.valueOf(request.getResourceName()))
            || super.incomingRequestPostProcessed(request, http, response);
      }
    };
    interceptor.setFailOnSeverity(ResultSeverityEnum.ERROR);
    interceptor.setValidatorModules(List.of(validator));
    return interceptor;
  }

  @Bean
  public ServletRegistrationBean<RestfulServer> fhirServlet(RestfulServer server) {
    var servlet = new ServletRegistrationBean<>(server, "/fhir/*");
    servlet.setLoadOnStartup(1); // a server that is up is ready
    return servlet;
  }
}
