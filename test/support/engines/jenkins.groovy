// Runs Jenkinsfiles in the Groovy that Jenkins has (2.4), with stand-ins for its steps. Each line of stdin is the folder of a build, with its order.json;
// when outcome.json is there too, `done <folder>` is printed. It ends with its stdin.
// The order names the parameters that were chosen, the variables, the credentials, the repository, what an earlier build has archived
// and a folder to work in; and where it is restarted, from which stage and with what it has stashed. A step or a parameter of a step that is not known here is an error, as it is in Jenkins.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import javax.xml.parsers.DocumentBuilderFactory
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.runtime.StackTraceUtils

/** What fails a build with its words alone: hudson.AbortException. */
class Aborted extends Exception {
  Aborted(Object message) { super(message.toString()) }
}

/** One build: what it was ordered to do, and what it has done. */
class Build {
  final Map order
  final Map stages = Collections.synchronizedMap([:])
  final Map stashes = Collections.synchronizedMap([:])
  final Map params = [:]
  final Map env = [:]
  final File archive
  final Semaphore slots
  String description
  String result
  private int folders = 0

  Build(Map order) {
    this.order = order
    env.putAll(order.env)
    archive = new File(order.folder, 'archive')
    order.stashes?.each { name, path -> stashes[name] = new File(path as String) }
    slots = new Semaphore((order.slots ?: 1) as int)
  }

  synchronized File folder(String kind) {
    File made = new File(order.folder, "${kind}-${folders++}")
    made.mkdirs()
    return made
  }

  Map stage(Object name) {
    synchronized (stages) {
      if (!stages.containsKey(name)) stages[name] = [code: 0, error: null, scripts: [], log: '', archived: [], junit: [], folder: null]
      return stages[name]
    }
  }
}

/** Where a step runs: in which stage and workspace, and with which variables. Branches of `parallel` inherit it. */
class Place {
  static final InheritableThreadLocal<Map> NOW = new InheritableThreadLocal<Map>()

  static Object within(Map more, Closure body) {
    Map before = NOW.get()
    NOW.set(before + more)
    try { return body.call() } finally { NOW.set(before) }
  }
}

/** `env`: a variable that is not there is null. */
class Variables {
  final Build build
  Variables(Build build) { this.build = build }
  Object getProperty(String name) { all()[name] }
  void setProperty(String name, Object value) { build.env[name] = value.toString() }
  Map all() { build.env + Place.NOW.get().env }
}

/** `params`: the only place where the first build of a job has its parameters (JENKINS-41929). */
class CurrentBuild {
  final Build build
  CurrentBuild(Build build) { this.build = build }
  String getDescription() { build.description }
  void setDescription(Object text) { build.description = text == null ? null : text.toString() }
  String getResult() { build.result }
  void setResult(String result) { build.result = result }
  String getCurrentResult() { build.result ?: 'SUCCESS' }
}

/** `null` in JSON as readJSON gives it (net.sf.json.JSONNull): an object, and so true. */
class JsonNull {
  String toString() { 'null' }
}

abstract class Steps extends Script {
  Build build() { binding.getVariable('build') as Build }
  Map place() { Place.NOW.get() }
  Map here() { place().stage as Map }
  File workspace() {
    if (place().workspace == null) throw new Aborted('Required context class hudson.FilePath is missing: Perhaps you forgot to surround the step with a step that provides this, such as: node')
    return place().workspace as File
  }
  void log(Object line) { synchronized (here()) { here().log += line + '\n' } }

  static Map known(Map given, List<String> names) {
    List unknown = given.keySet().findAll { !(it in names) } as List
    if (unknown) throw new IllegalArgumentException("Unknown parameter(s) found: ${unknown}")
    return given
  }

  // A variable of the build may be named without `env`.
  Object propertyMissing(String name) {
    Object value = new Variables(build()).all()[name]
    if (value == null) throw new MissingPropertyException(name, this.class)
    return value
  }

  Object sh(Object script) { sh(script: script) }
  Object sh(Map given) {
    known(given, ['script', 'returnStatus', 'returnStdout', 'label', 'encoding'])
    Map stage = here()
    String script = given.script
    synchronized (stage) { stage.scripts << [text: script, status: given.returnStatus == true] }
    if (build().order.codes) {
      stage.code = build().order.codes[place().name].remove(0)
    } else {
      File folder = workspace()
      File file = new File(build().folder('script'), 'script.sh')
      file.text = script
      ProcessBuilder starter = new ProcessBuilder('sh', '-xe', file.path).directory(folder)
      File output = new File(file.parentFile, 'log.txt')
      starter.redirectOutput(output)
      if (given.returnStdout) starter.redirectError(new File(file.parentFile, 'err.txt')) else starter.redirectErrorStream(true)
      starter.environment().clear()
      new Variables(build()).all().each { String name, Object value -> starter.environment().put(name, value.toString()) }
      Process process = starter.start()
      process.outputStream.close()
      stage.code = process.waitFor()
      if (given.returnStdout && stage.code == 0) return output.text
      synchronized (stage) { stage.log += output.text }
    }
    if (given.returnStatus) return stage.code
    if (stage.code != 0) throw new Aborted("script returned exit code ${stage.code}")
    return null
  }

  void echo(Object message) { log(message) }
  void error(Object message) { throw new Aborted(message) }
  void unstable(Object message) { log(message); if (build().result == null) build().result = 'UNSTABLE' }
  void sleep(Map given) {
    known(given, ['time', 'unit'])
    TimeUnit.valueOf(given.unit ?: 'SECONDS')
    log("sleep ${given.time} ${given.unit}")
  }
  Object input(Map given) {
    known(given, ['message', 'id', 'ok', 'submitter', 'parameters', 'submitterParameter'])
    log(given.message)
    if (build().order.refused) throw new Aborted('Rejected by somebody')
    return null
  }
  Object catchError(Map given, Closure body) {
    known(given, ['buildResult', 'stageResult', 'message', 'catchInterruptions'])
    try { body.call() } catch (Aborted failure) { log(failure.message) }
  }
  Object timeout(Map given, Closure body) {
    known(given, ['time', 'unit', 'activity'])
    TimeUnit.valueOf(given.unit ?: 'MINUTES')
    body.call()
  }

  /** In a declarative pipeline alone. */
  Object script(Closure body) {
    if (!place().isDeclarative) throw new MissingMethodException('script', this.class, [body] as Object[])
    return body.call()
  }

  void deleteDir() { workspace().listFiles().each { it.directory && !Files.isSymbolicLink(it.toPath()) ? it.deleteDir() : it.delete() } }
  Map getScm() { [scm: true] }
  /** Every checkout finds one commit more, as a job does that follows a branch; it sets no variable. */
  void checkout(Map scm) {
    if (scm != [scm: true]) throw new IllegalArgumentException("unknown scm: ${scm}")
    String repository = build().order.repository
    synchronized (build()) {
      run('git', '-C', repository, '-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--allow-empty', '--message=Next commit')
      run('cp', '-a', "${repository}/.", workspace().path)
    }
  }
  private static void run(String... command) {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start()
    String output = process.inputStream.text
    if (process.waitFor() != 0) throw new IllegalStateException("${command}: ${output}")
  }

  /** What the patterns of Ant find, which commas part (hudson.Util.createFileSet). Paths below the folder, in their order. */
  static List<String> found(File folder, Object patterns) {
    List<String> wanted = patterns.toString().split(',').collect { it.trim() }.findAll { it != '' }.collect { String pattern ->
      String whole = pattern.endsWith('/') ? pattern + '**' : pattern
      whole.split('(?<=/)|(?=/)').join('').replaceAll(/([\\.\[\]{}()+^$|])/, '\\\\$1').replace('**/', '\u0001').replace('**', '\u0002').replace('*', '[^/]*').replace('?', '[^/]')
        .replace('\u0001', '(?:.*/)?').replace('\u0002', '.*')
    }
    List<String> all = []
    folder.eachFileRecurse { if (it.file) all << folder.toPath().relativize(it.toPath()).toString() }
    return wanted.collectMany { String pattern -> all.findAll { it ==~ pattern }.sort() }.unique()
  }
  static void carry(List<String> files, File from, File to) {
    files.each {
      File target = new File(to, it)
      target.parentFile.mkdirs()
      Files.copy(new File(from, it).toPath(), target.toPath(), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES)
    }
  }

  void stash(Map given) {
    known(given, ['name', 'includes', 'excludes', 'allowEmpty', 'useDefaultExcludes'])
    List<String> files = found(workspace(), given.includes ?: '**')
    if (files.empty && !given.allowEmpty) throw new Aborted("No files included in stash ‘${given.name}’")
    File kept = build().folder('stash')
    carry(files, workspace(), kept)
    build().stashes[given.name.toString()] = kept
  }
  void unstash(Object name) {
    File kept = build().stashes[name.toString()] as File
    if (kept == null) throw new Aborted("No such saved stash ‘${name}’")
    carry(found(kept, '**'), kept, workspace())
  }
  void archiveArtifacts(Map given) {
    known(given, ['artifacts', 'allowEmptyArchive', 'excludes', 'fingerprint', 'onlyIfSuccessful', 'followSymlinks', 'caseSensitive', 'defaultExcludes'])
    List<String> files = found(workspace(), given.artifacts)
    if (files.empty && !given.allowEmptyArchive) throw new Aborted("No artifacts found that match the file pattern \"${given.artifacts}\". Configuration error?")
    carry(files, workspace(), build().archive)
    synchronized (here()) { here().archived.addAll(files) }
  }
  /** Of the build before this one. */
  void copyArtifacts(Map given) {
    known(given, ['projectName', 'filter', 'optional', 'selector', 'target', 'flatten', 'fingerprintArtifacts', 'excludes'])
    File from = build().order.before == null ? null : new File(build().order.before)
    List<String> files = from?.directory ? found(from, given.filter ?: '**') : []
    if (files.empty && !given.optional) throw new Aborted("Unable to find project for artifact copy: ${given.projectName}")
    if (files) carry(files, from, workspace())
  }
  Map lastCompleted() { [:] }
  void junit(Object results) { junit(testResults: results) }
  void junit(Map given) {
    known(given, ['testResults', 'allowEmptyResults', 'keepLongStdio', 'skipMarkingBuildUnstable', 'skipPublishingChecks', 'checksName', 'healthScaleFactor'])
    List<String> files = found(workspace(), given.testResults)
    if (files.empty && !given.allowEmptyResults) throw new Aborted('No test report files were found. Configuration error?')
    files.each {
      def report = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new File(workspace(), it)).documentElement
      boolean failed = ['failure', 'error'].any { report.getElementsByTagName(it).length > 0 }
      if (failed && build().result == null) build().result = 'UNSTABLE'
    }
    synchronized (here()) { here().junit.addAll(files) }
  }

  Object readProperties(Map given) {
    known(given, ['file', 'text', 'defaults', 'interpolate', 'charset'])
    Properties read = new Properties()
    new File(workspace(), given.file.toString()).withReader('UTF-8') { read.load(it) }
    return [:] + read
  }
  Object readJSON(Map given) {
    known(given, ['file', 'text', 'returnPojo'])
    return withNulls(new JsonSlurper().parseText(given.text ?: new File(workspace(), given.file.toString()).getText('UTF-8')))
  }
  static Object withNulls(Object value) {
    if (value == null) return new JsonNull()
    if (value instanceof Map) return value.collectEntries { key, inner -> [key, withNulls(inner)] }
    if (value instanceof List) return value.collect { withNulls(it) }
    return value
  }

  Map string(Map given) { known(given, ['credentialsId', 'variable']) }
  Object withCredentials(List wanted, Closure body) {
    Map secrets = wanted.collectEntries { Map one ->
      Object secret = build().order.secrets[one.variable]
      if (secret == null) throw new Aborted("Could not find credentials entry with ID '${one.credentialsId}'")
      [one.variable, secret]
    }
    Place.within([env: place().env + secrets], body)
  }
  Object withEnv(List pairs, Closure body) {
    Map more = pairs.collectEntries { String text = it; int at = text.indexOf('='); [text.substring(0, at), text.substring(at + 1)] }
    Place.within([env: place().env + more], body)
  }
  Object dir(Object path, Closure body) { Place.within([workspace: new File(workspace(), path.toString())], body) }

  Object node(Object label = null, Closure body) {
    File folder = build().folder('workspace')
    File temporary = build().folder('tmp')
    here().folder = folder.path
    Place.within([workspace: folder, env: place().env + [WORKSPACE: folder.path, WORKSPACE_TMP: temporary.path]], body)
  }
  Object lock(Map given, Closure body) {
    known(given, ['label', 'quantity', 'resource', 'variable', 'inversePrecedence', 'skipIfLocked', 'priority', 'extra'])
    build().slots.acquire((given.quantity ?: 1) as int)
    try { return body.call() } finally { build().slots.release((given.quantity ?: 1) as int) }
  }
  /** In a scripted pipeline: what it throws ends the build. */
  Object stage(Object name, Closure body) {
    Map stage = build().stage(name.toString())
    try {
      Place.within([stage: stage, name: name.toString()], body)
    } catch (Aborted failure) {
      if (stage.error == null) stage.error = failure.message
      throw failure
    }
  }
  Object parallel(Map branches) {
    Map all = branches.findAll { it.key != 'failFast' }
    def threads = Executors.newFixedThreadPool(all.size())
    try {
      List results = all.collect { name, body -> threads.submit({ body.call() } as Callable) }
      List failures = results.findResults { try { it.get(); null } catch (java.util.concurrent.ExecutionException failure) { failure.cause } }
      if (failures) throw failures[0]
    } finally { threads.shutdown() }
  }

  void pipeline(Closure body) { new Declarative(this, build()).run(body) }
}

/** A declarative pipeline: reads its sections, then runs its stages until one fails. */
class Declarative {
  final Steps script
  final Build build
  final String any = 'any'
  final String none = 'none'
  private final List<Map> read = []
  Declarative(Steps script, Build build) { this.script = script; this.build = build }

  static Object inside(Object delegate, Closure body) {
    Closure own = body.clone() as Closure
    own.delegate = delegate
    own.resolveStrategy = Closure.DELEGATE_FIRST
    return own.call()
  }

  void run(Closure body) {
    inside(this, body)
    read.drop(build.order.from == null ? 0 : read.findIndexOf { it.name == build.order.from }).each { Map stage ->
      if (stage.when != null && !inside(new When(build), stage.when)) return
      runStage(stage)
    }
  }
  private void runStage(Map stage) {
    Map outcome = build.stage(stage.name)
    Closure work = {
      Throwable failed = null
      try { inside(script, stage.steps) } catch (Aborted failure) { failed = failure; outcome.error = failure.message; build.result = 'FAILURE' }
      if (stage.post != null) inside(new Post(script, failed), stage.post)
      if (failed != null) throw failed
    }
    Place.within([stage: outcome, name: stage.name, isDeclarative: true]) { stage.agent == 'none' ? work.call() : script.node(work) }
  }

  void agent(Object which) { }
  void parameters(Closure body) { inside(new Parameters(build), body) }
  void environment(Closure body) { inside(new Environment(script, build), body) }
  void options(Closure body) { inside(new Options(), body) }
  void stages(Closure body) { inside(this, body) }
  void stage(Object name, Closure body) {
    StageSections sections = new StageSections()
    inside(sections, body)
    if (sections.all.steps == null) throw new IllegalArgumentException("stage ${name} has no steps")
    read << [name: name.toString()] + sections.all
  }
}

class StageSections {
  final Map all = [agent: 'any', steps: null, when: null, post: null]
  final String any = 'any'
  final String none = 'none'
  void agent(Object which) { all.agent = which }
  void options(Closure body) { Declarative.inside(new Options(), body) }
  void when(Closure body) { all.when = body }
  void steps(Closure body) { all.steps = body }
  void post(Closure body) { all.post = body }
}

class When {
  final Build build
  private boolean holds = true
  When(Build build) { this.build = build }
  boolean beforeAgent(boolean is) { holds }
  boolean buildingTag() { holds = holds && build.env.TAG_NAME != null; holds }
}

class Post {
  final Steps script
  final Throwable failed
  Post(Steps script, Throwable failed) { this.script = script; this.failed = failed }
  void always(Closure body) { Declarative.inside(script, body) }
  void failure(Closure body) { if (failed != null) Declarative.inside(script, body) }
  void success(Closure body) { if (failed == null) Declarative.inside(script, body) }
}

class Options {
  void disableConcurrentBuilds(Map given = [:]) { Steps.known(given, ['abortPrevious']) }
  void preserveStashes(Map given = [:]) { Steps.known(given, ['buildCount']) }
  void skipDefaultCheckout(boolean is = true) { }
  void timeout(Map given) {
    Steps.known(given, ['time', 'unit', 'activity'])
    TimeUnit.valueOf(given.unit ?: 'MINUTES')
  }
}

class Parameters {
  final Build build
  Parameters(Build build) { this.build = build }
  private void add(Map given, Object value) { build.params[given.name] = build.order.params.containsKey(given.name) ? build.order.params[given.name] : value }
  void string(Map given) { add(Steps.known(given, ['name', 'defaultValue', 'description', 'trim']), given.defaultValue ?: '') }
  void choice(Map given) { add(Steps.known(given, ['name', 'choices', 'description']), given.choices[0]) }
  void booleanParam(Map given) { add(Steps.known(given, ['name', 'defaultValue', 'description']), given.defaultValue ?: false) }
}

class Environment {
  private final Steps script
  private final Build build
  Environment(Steps script, Build build) { this.@script = script; this.@build = build }
  void setProperty(String name, Object value) { this.@build.env[name] = value.toString() }
  Object getProperty(String name) { this.@script.getProperty(name) }
}

void runBuild(File folder) {
  Map outcome = [:]
  Build build = new Build(new JsonSlurper().parse(new File(folder, 'order.json')) as Map)
  Place.NOW.set([stage: build.stage(''), name: '', workspace: null, env: [:]])
  try {
    CompilerConfiguration settings = new CompilerConfiguration(scriptBaseClass: Steps.name)
    Binding names = new Binding(build: build, params: build.params, env: new Variables(build), currentBuild: new CurrentBuild(build))
    new GroovyShell(this.class.classLoader, names, settings).evaluate(new File(folder, 'Jenkinsfile'))
  } catch (Aborted failure) {
    build.result = 'FAILURE'
    outcome.error = failure.message
  } catch (Throwable fault) {
    List frames = StackTraceUtils.deepSanitize(fault).stackTrace.findAll { it.fileName in ['Jenkinsfile', 'jenkins.groovy'] }
    outcome.fault = ([fault] + frames.take(12)).join('\n  at ')
  }
  build.stages.remove('')
  outcome.putAll([groovy: GroovySystem.version, stages: build.stages, description: build.description, result: build.result ?: 'SUCCESS', archive: build.archive.path,
    stashes: build.stashes.collectEntries { name, File kept -> [name, kept.path] }])
  new File(folder, 'outcome.json').text = JsonOutput.toJson(outcome)
}

System.in.eachLine { String path ->
  Thread.startDaemon {
    try { runBuild(new File(path)) } catch (Throwable fault) { fault.printStackTrace() }
    println("done ${path}")
  }
}
